-- What the office needs for a while, and no export or backup holds: who is signed in, and what may be used only once,
-- such as a code of an authenticator app. Same tables as in migrations/sqlite.
CREATE TABLE sessions (
    sha256 BYTEA PRIMARY KEY,
    account TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    rights_at BIGINT NOT NULL
);
CREATE INDEX sessions_account ON sessions (account);
CREATE TABLE once (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    until BIGINT NOT NULL
);
