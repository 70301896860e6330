-- Of a workspace's life: which home it has, until when it is kept awake, and what it was stopped for.

-- The number of its home volume. A factory reset gives it the next one.
ALTER TABLE workspaces ADD COLUMN home BIGINT NOT NULL DEFAULT 0;
-- The largest number that it ever had.
ALTER TABLE workspaces ADD COLUMN homes BIGINT NOT NULL DEFAULT 0;
-- How many containers had been made when it got this home: a later one has used it.
ALTER TABLE workspaces ADD COLUMN home_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN keep_alive_until BIGINT;
-- 'asked', 'idle' or 'staff', where the intention is 'stopped'.
ALTER TABLE workspaces ADD COLUMN stopped_for TEXT NOT NULL DEFAULT 'asked';

-- Homes that a reset put aside. They can be given back until then, and are removed after it.
CREATE TABLE workspace_homes (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    home BIGINT NOT NULL,
    retired_at BIGINT NOT NULL,
    kept_until BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, home)
);
