-- The log, its head, and what commits with it. Same tables as in migrations/sqlite.
CREATE TABLE head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    log_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE TABLE events (
    position BIGINT PRIMARY KEY,
    aggregate TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    payload TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    command_id TEXT NOT NULL,
    hash BYTEA NOT NULL,
    UNIQUE (aggregate, sequence)
);
CREATE FUNCTION bangtin_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are never changed or deleted';
END $$;
CREATE TRIGGER events_change BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION bangtin_append_only();
-- TRUNCATE walks past row triggers.
CREATE TRIGGER events_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION bangtin_append_only();
CREATE TABLE commands (
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    first_position BIGINT NOT NULL,
    last_position BIGINT NOT NULL,
    result TEXT NOT NULL,
    PRIMARY KEY (scope, id)
);
CREATE TABLE claims (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    holder TEXT NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE TABLE blobs (
    sha256 BYTEA PRIMARY KEY,
    bytes BIGINT NOT NULL
);
CREATE TABLE blob_chunks (
    sha256 BYTEA NOT NULL,
    number BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (sha256, number)
);
CREATE TABLE vault (
    subject TEXT PRIMARY KEY,
    wrapped_key BYTEA NOT NULL,
    data BYTEA NOT NULL
);
