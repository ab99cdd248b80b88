-- journal.db, version 1: what the sensor service accepted and must still publish, or may
-- have to publish again. Run within a transaction; running it twice does no harm.

CREATE TABLE IF NOT EXISTS record (
    record_id INTEGER PRIMARY KEY,
    topic     TEXT NOT NULL,
    payload   BLOB NOT NULL
);

-- One row, written with every change above.
CREATE TABLE IF NOT EXISTS total (
    only_row       INTEGER PRIMARY KEY CHECK (only_row = 1),
    last_record_id INTEGER NOT NULL DEFAULT 0,  -- ever appended
    waiting_bytes  INTEGER NOT NULL DEFAULT 0 CHECK (waiting_bytes >= 0)
);

INSERT OR IGNORE INTO total (only_row) VALUES (1);
