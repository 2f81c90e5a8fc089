-- Files on their way to publication, and what was read from them, in pieces of at most 1 MiB: any node goes on with them.
-- No export or backup holds them, and they go 30 days after their last use. Same tables as in migrations/sqlite.
CREATE TABLE kept (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    used_at BIGINT NOT NULL
);
CREATE INDEX kept_owner ON kept (owner);
CREATE INDEX kept_used_at ON kept (used_at);
CREATE TABLE kept_pieces (
    id TEXT NOT NULL REFERENCES kept ON DELETE CASCADE,
    number BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (id, number)
);
