"""Stores in SQLite files: `surveillance.db` of a Pi, and the backend's own database.

`surveillance_db` opens the spec's file, `event_store` and `media_store` write it,
`archive` reads it for the HTTP API; `alert_store` is the backend's. `connection` holds
what all share: opening, transactions, and the translation of SQLite's errors.
"""

from surveil_adapters.sqlite.alert_store import SqliteAlertStore
from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb

__all__ = [
    "SqliteAlertStore",
    "SqliteArchive",
    "SqliteEventStore",
    "SqliteMediaStore",
    "SurveillanceDb",
]
