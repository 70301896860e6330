-- Images without a name that builds left in the Docker Engine: the next build's cache, removed when none has used them for long.
CREATE TABLE build_layers (
    image TEXT PRIMARY KEY NOT NULL,
    used_at BIGINT NOT NULL
);
