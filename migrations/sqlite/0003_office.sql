-- What the office needs for a while, and no export or backup holds: who is signed in, and what may be used only once,
-- such as a code of an authenticator app. Same tables as in migrations/postgres.
CREATE TABLE sessions (
    sha256 BLOB PRIMARY KEY,
    account TEXT NOT NULL,
    begun_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    rights_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_account ON sessions (account);
CREATE TABLE once (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    until INTEGER NOT NULL
) WITHOUT ROWID;
