-- The backend's own database, version 1: what bridges sent, once each.
--
-- Times are ISO 8601 in UTC without a zone, microseconds. Run within a transaction;
-- running it twice does no harm.

CREATE TABLE IF NOT EXISTS alert (
    cursor          INTEGER PRIMARY KEY AUTOINCREMENT,  -- grows with every stored event
    device_id       TEXT NOT NULL,
    event_id        TEXT NOT NULL,      -- the bridge's, or one made here for a body without
    type            TEXT NOT NULL,      -- as browsers are told
    source          TEXT,               -- null: the body named none
    location        TEXT,               -- null: none configured for the device
    occurred_at_utc TEXT NOT NULL,      -- the edge; the reception when the body named no time
    received_at_utc TEXT NOT NULL,
    details         TEXT NOT NULL       -- JSON object, the body's `details` unchanged
        CHECK (json_valid(details)),
    UNIQUE (device_id, event_id)
);
