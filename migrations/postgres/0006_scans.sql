-- How often the page behind a code was read: counts by board, item, revision and day, and nothing else. They are no events,
-- and stand in no export and no backup. Same table as in migrations/sqlite.
CREATE TABLE scans (
    day TEXT NOT NULL,
    item TEXT NOT NULL,
    board BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    readings BIGINT NOT NULL,
    PRIMARY KEY (day, item, board, revision)
);
