-- By which rule the keys of claims were made, 0 where an older program made them; and who holds a key beside
-- its holder, since an older rule told the two apart. Same tables as in migrations/sqlite.
CREATE TABLE claim_rule (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    number BIGINT NOT NULL
);
INSERT INTO claim_rule VALUES (1, 0);
CREATE TABLE claim_doubles (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    place BIGINT NOT NULL,
    holder TEXT NOT NULL,
    PRIMARY KEY (kind, key, place)
);
