-- Messages that were refused, with the reason, until a person decides. Part of outbox.db
-- and of surveillance.db. Run within a transaction; running it twice does no harm.

CREATE TABLE IF NOT EXISTS dead_letter (
    letter_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    topic       TEXT NOT NULL,
    payload     BLOB NOT NULL,          -- as it came
    reason      TEXT NOT NULL,          -- who refused it and why
    died_at_utc TEXT NOT NULL,          -- ISO 8601 without a zone, microseconds
    size_bytes  INTEGER NOT NULL,       -- of topic, payload and reason
    entry_id    INTEGER                 -- outbox.db: what it was there; null: no legal message
);

-- One row, written with every change above, so that nobody need count.
CREATE TABLE IF NOT EXISTS dead_letter_total (
    only_row     INTEGER PRIMARY KEY CHECK (only_row = 1),
    letters      INTEGER NOT NULL DEFAULT 0 CHECK (letters >= 0),
    letter_bytes INTEGER NOT NULL DEFAULT 0 CHECK (letter_bytes >= 0),
    dropped      INTEGER NOT NULL DEFAULT 0     -- given up for the quota, ever
);

INSERT OR IGNORE INTO dead_letter_total (only_row) VALUES (1);
