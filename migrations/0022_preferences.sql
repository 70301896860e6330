-- How a user has the IDE: a JSON object of the pages' own, which the server does not look into.
CREATE TABLE preferences (
    user_id TEXT PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    document TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);
