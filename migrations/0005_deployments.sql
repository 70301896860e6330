-- One press of Deploy: commit, build, refresh, rollout.
CREATE TABLE deployments (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The user's id while it runs, NULL after: the constraint is what keeps it at one per user.
    running_for TEXT UNIQUE,
    idempotency_key TEXT,
    state TEXT NOT NULL,
    message TEXT NOT NULL,
    commit_id TEXT,
    rollout_id TEXT,
    url TEXT,
    -- JSON: what the API shows of each step.
    steps TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    UNIQUE (user_id, idempotency_key)
);
CREATE INDEX deployments_by_user ON deployments (user_id, created_at);
