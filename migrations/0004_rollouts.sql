-- One application per user: where its manifests come from, and what they last said.
CREATE TABLE apps (
    user_id TEXT PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project TEXT NOT NULL,
    path TEXT NOT NULL,
    -- The target state as JSON; NULL before the first refresh.
    target TEXT,
    -- JSON list of the objects that may stand in the cluster: what an apply touched and no prune has removed.
    applied TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE rollouts (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    commit_id TEXT NOT NULL,
    -- The rollout that this one goes back to.
    origin_id TEXT,
    phase TEXT NOT NULL,
    -- The objects to bring about, JSON; images are resolved from phase 'prepare' on.
    objects TEXT NOT NULL,
    -- What went wrong, JSON list of diagnostics.
    diagnostics TEXT NOT NULL,
    urls TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE UNIQUE INDEX rollouts_one_at_a_time ON rollouts (user_id) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX rollouts_by_number ON rollouts (user_id, number);
