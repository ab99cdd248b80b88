"""Stores in SQLite files, one for each program that must not forget.

`surveillance_db` opens the spec's `surveillance.db`; `event_store`, `clip_jobs` and
`media_store` write it, `archive` reads it for the HTTP API. `journal` is the sensor's,
`outbox` (with `outbox_rows`) the bridge's, `alert_store` the backend's. `dead_letters` is a
table of two of them. `connection` holds what all share: opening, transactions, and the
translation of SQLite's errors.
"""

from surveil_adapters.sqlite.alert_store import SqliteAlertStore
from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_adapters.sqlite.clip_jobs import SqliteClipJobs
from surveil_adapters.sqlite.dead_letters import SqliteDeadLetters
from surveil_adapters.sqlite.event_store import SqliteEventStore, event_letters
from surveil_adapters.sqlite.journal import SqliteJournal
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.outbox import SqliteOutbox, outbox_letters
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb

__all__ = [
    "SqliteAlertStore",
    "SqliteArchive",
    "SqliteClipJobs",
    "SqliteDeadLetters",
    "SqliteEventStore",
    "SqliteJournal",
    "SqliteMediaStore",
    "SqliteOutbox",
    "SurveillanceDb",
    "event_letters",
    "outbox_letters",
]
