-- How somebody signed in who came from a provider: which, what it leaves them to do, and its token, encrypted; empty for
-- who came with a passphrase or a passkey. Same column as in migrations/postgres.
ALTER TABLE sessions ADD COLUMN via TEXT NOT NULL DEFAULT '';
