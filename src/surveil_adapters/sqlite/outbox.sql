-- outbox.db, version 1: what the bridge has taken from the broker and the backend has not
-- taken from the bridge. Run within a transaction; running it twice does no harm.

-- Waiting events. Ids grow in the order of arrival and are never used again.
CREATE TABLE IF NOT EXISTS entry (
    entry_id   INTEGER PRIMARY KEY,
    device_id  TEXT NOT NULL,
    event_id   TEXT NOT NULL,
    topic      TEXT NOT NULL,
    payload    BLOB NOT NULL,
    size_bytes INTEGER NOT NULL         -- of topic and payload
);

CREATE INDEX IF NOT EXISTS entry_of_device ON entry (device_id, entry_id);

-- Which events were taken, whatever became of them: the waiting, and the newest of the
-- others. Sorted by text, since the ids of one device begin with the time and then lie
-- together: a hash would dirty a page for every event of a group.
CREATE TABLE IF NOT EXISTS known_event (
    entry_id  INTEGER PRIMARY KEY,
    event_key TEXT NOT NULL UNIQUE      -- device and event; of long ones a digest
);

-- One row, written with every change above:
-- received = delivered + waiting + refused + letters in dead_letter.
CREATE TABLE IF NOT EXISTS total (
    only_row      INTEGER PRIMARY KEY CHECK (only_row = 1),
    received      INTEGER NOT NULL DEFAULT 0,
    delivered     INTEGER NOT NULL DEFAULT 0,
    refused       INTEGER NOT NULL DEFAULT 0,
    repeated      INTEGER NOT NULL DEFAULT 0,
    waiting       INTEGER NOT NULL DEFAULT 0 CHECK (waiting >= 0),
    waiting_bytes INTEGER NOT NULL DEFAULT 0 CHECK (waiting_bytes >= 0),
    last_entry_id INTEGER NOT NULL DEFAULT 0,
    purged_to     INTEGER NOT NULL DEFAULT 0    -- entry_id up to which known_event was purged
);

INSERT OR IGNORE INTO total (only_row) VALUES (1);
