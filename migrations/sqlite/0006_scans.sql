-- How often the page behind a code was read: counts by board, item, revision and day, and nothing else. They are no events,
-- and stand in no export and no backup. Same table as in migrations/postgres.
CREATE TABLE scans (
    day TEXT NOT NULL,
    item TEXT NOT NULL,
    board INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    readings INTEGER NOT NULL,
    PRIMARY KEY (day, item, board, revision)
) WITHOUT ROWID;
