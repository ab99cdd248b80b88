"""The backend's table of events, in a file of its own, with its archive.

WAL: rows are small, and a reader in another process never waits for the writer. Calls in
this one take turns.
"""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import define, field

from surveil_adapters.sqlite.connection import (
    KeptConnection,
    apply_schema,
    closing_on_error,
    connect,
    translating,
)
from surveil_core.messages import format_timestamp, parse_timestamp
from surveil_core.ports.alert_store import NewAlert, StoredAlert
from surveil_core.ports.archive import EventRecord, MediaRecord
from surveil_core.ports.preview import PreviewKind
from surveil_core.strict_json import write_object
from surveil_core.vocabulary import AlertType

SCHEMA_VERSION = 1
"""Of `alert_schema.sql`, kept in `PRAGMA user_version`."""

_MAX_INTEGER = 2**63 - 1

_INSERT = """
    INSERT INTO alert (device_id, event_id, type, source, location,
                       occurred_at_utc, received_at_utc, details)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_EVENTS = """
    SELECT cursor, event_id, device_id, type, source, location, occurred_at_utc,
           received_at_utc, details
    FROM alert
"""


@define
class SqliteAlertStore:
    """Both `AlertStore` and `Archive` of the backend, safe from any thread.

    One connection behind a lock, opened at the first use.
    """

    path: Path
    _kept: KeptConnection = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptConnection(path=self.path, open=self._connect)

    def initialise(self) -> None:
        """Make the folder, the file and its table. Safe to repeat.

        Raises `StoreUnavailable`, or `ConfigurationError` when a later release wrote it.
        """
        with translating(self.path):
            self._connect().close()

    def add_alerts(self, alerts: Sequence[NewAlert]) -> Sequence[StoredAlert]:
        """Store each event once by `(device_id, event_id)`, durably, in one transaction."""
        if not alerts:
            return []
        with self._kept.transaction() as connection:
            return [_add(connection, alert) for alert in alerts]

    def list_events(self, *, after: int | None, limit: int) -> Sequence[EventRecord]:
        """Behind cursor `after`, oldest first; without it the latest, newest first."""
        bounded = min(max(limit, 0), _MAX_INTEGER)
        with self._kept.reading() as connection:
            if after is None:
                query, values = f"{_EVENTS} ORDER BY cursor DESC LIMIT ?", [bounded]
            else:
                query = f"{_EVENTS} WHERE cursor > ? ORDER BY cursor LIMIT ?"
                values = [min(max(after, -1), _MAX_INTEGER), bounded]
            rows = connection.execute(query, values).fetchall()
        return [_event_record(row) for row in rows]

    def list_media(
        self, *, limit: int, event_id: str | None = None, before: int | None = None
    ) -> Sequence[MediaRecord]:
        """Nothing: videos stay on the Pi."""
        return ()

    def find_media(self, media_id: int) -> MediaRecord | None:
        """None: videos stay on the Pi."""
        return next(iter(self.list_media(limit=1)), None)

    def read_video(self, media_id: int, *, offset: int, length: int) -> bytes:
        """Nothing: videos stay on the Pi."""
        return b""

    def read_preview(self, media_id: int, kind: PreviewKind) -> bytes | None:
        """None: videos stay on the Pi."""
        return None

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
        self._kept.close()

    def _connect(self) -> sqlite3.Connection:
        connection = connect(self.path, journal_mode="WAL")
        with closing_on_error(connection):
            apply_schema(
                connection,
                path=self.path,
                schema_names=("alert_schema.sql",),
                version=SCHEMA_VERSION,
            )
        return connection


def _add(connection: sqlite3.Connection, alert: NewAlert) -> StoredAlert:
    known = connection.execute(
        "SELECT cursor FROM alert WHERE device_id = ? AND event_id = ?",
        (alert.event.device_id, alert.event_id),
    ).fetchone()
    if known is not None:
        return StoredAlert(cursor=known[0], event_id=alert.event_id, is_new=False)
    cursor = connection.execute(_INSERT, _values(alert)).lastrowid
    assert cursor is not None, "an INSERT that stored a row has named it"
    return StoredAlert(cursor=cursor, event_id=alert.event_id, is_new=True)


def _values(alert: NewAlert) -> tuple[str | None, ...]:
    event, original = alert.event, alert.event.original_timestamp
    occurred_at_utc = alert.received_at_utc if original is None else parse_timestamp(original)
    return (
        event.device_id,
        alert.event_id,
        event.type.value,
        event.source,
        alert.location,
        format_timestamp(occurred_at_utc),
        format_timestamp(alert.received_at_utc),
        write_object(dict(event.details)).decode(),
    )


def _event_record(row: tuple[Any, ...]) -> EventRecord:
    data = json.loads(row[8]).get("data")
    return EventRecord(
        cursor=row[0],
        event_id=row[1],
        device_id=row[2],
        type=AlertType(row[3]),
        source=row[4],
        sensor_name=None,
        location=row[5],
        occurred_at_utc=parse_timestamp(row[6]),
        received_at_utc=parse_timestamp(row[7]),
        data=data if isinstance(data, dict) else {},
    )
