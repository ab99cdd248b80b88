"""Stores in SQLite files, one for each program that must not forget.

`surveillance_db` opens the spec's `surveillance.db`; `event_store`, `clip_jobs` and
`media_store` write it, `archive` reads it for the HTTP API. `journal` is the sensor's,
`outbox` (with `outbox_rows`) the bridge's, `alert_store` the backend's. `dead_letters` is a
table of two of them. `connection` holds what all share: opening, transactions, and the
translation of SQLite's errors.

Each is imported from its own module: a bridge alone has no use for the rest.
"""
