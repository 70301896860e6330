-- An image repository takes one of its owner's slots, 1 to the limit: two that are made at once can't take the same.
CREATE TABLE repositories (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    slot BIGINT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    context TEXT NOT NULL,
    dockerfile TEXT NOT NULL,
    next_number BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (user_id, slot),
    UNIQUE (user_id, name)
);

-- A build is a job: whoever holds its lease runs it, and a lease that has run out is taken by the next.
CREATE TABLE builds (
    id TEXT PRIMARY KEY NOT NULL,
    repository_id TEXT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    commit_id TEXT NOT NULL,
    content TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    attempts BIGINT NOT NULL,
    cancel BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    lease_owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    UNIQUE (repository_id, number)
);
CREATE INDEX builds_by_state ON builds (state, created_at);

-- An image that was pushed. `content` names what it was made of, so that the same is not built again.
CREATE TABLE versions (
    repository_id TEXT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    build_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    content TEXT NOT NULL,
    size BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (repository_id, number)
);
