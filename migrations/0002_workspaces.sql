-- A user's one workspace. What really runs is told by the Docker Engine's labels; this is the intention and the count.
CREATE TABLE workspaces (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    -- 'running' or 'stopped': what was asked for last.
    intention TEXT NOT NULL,
    -- How many containers were made for it so far.
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Who besides its owner may see a port's preview. No row means nobody.
CREATE TABLE workspace_ports (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    port BIGINT NOT NULL,
    visibility TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, port)
);
