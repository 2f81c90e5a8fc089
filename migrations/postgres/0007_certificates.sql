-- What nodes share to get a certificate: the account at the authority, the certificate with its key, the answers to its
-- questions, and whose turn it is to ask. Encrypted with the vault's key, in no export and no backup: it can be had again.
-- Same table as in migrations/sqlite.
CREATE TABLE certificates (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    at BIGINT NOT NULL
);
