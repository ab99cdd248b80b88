"""Table `evenement`: one group of messages a transaction, one row an event."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from attrs import define, field

from surveil_adapters.sqlite.connection import KeptConnection
from surveil_adapters.sqlite.dead_letters import (
    LetterRow,
    SqliteDeadLetters,
    add_letter,
    drop_oldest_letters,
)
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.events import PinState, SensorEvent
from surveil_core.messages import format_timestamp
from surveil_core.ports.dead_letters import DeadLetter
from surveil_core.ports.event_store import ReceivedEvent, StoredEvent, StoredGroup
from surveil_core.strict_json import write_object
from surveil_core.vocabulary import FACTS_BY_KIND, KIND_BY_EVENT_TYPE

MAX_DEAD_BYTES = 64 * 1024 * 1024
MAX_DEAD_LETTERS = 10_000
"""More than a person reads; the oldest are dropped, and counted."""

_INSERT = """
    INSERT INTO evenement (event_id, date_evenement, timestamp, etat_capteur, id_capteur,
                           metadata, device_id, type_evenement, source, date_reception)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


@define
class SqliteEventStore:
    """An `EventStore` on `surveillance.db`; opens the file at the first event."""

    _db: SurveillanceDb
    _kept: KeptConnection = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptConnection(path=self._db.path, open=self._db.connect)

    def add_events(
        self, events: Sequence[ReceivedEvent], dead: Sequence[DeadLetter] = ()
    ) -> StoredGroup:
        """Store each event once by its key; returns after the commit is on the disk.

        Raises `StoreUnavailable`, and `DataLost` for a row that the schema refuses.
        """
        with self._kept.transaction() as connection:
            for letter in dead:
                add_letter(connection, letter, died_at_utc=datetime.now(UTC))
            dropped_letters = 0
            if dead:
                dropped_letters = drop_oldest_letters(
                    connection, max_bytes=MAX_DEAD_BYTES, max_letters=MAX_DEAD_LETTERS
                )
            rows = [_add(connection, received) for received in events]
        return StoredGroup(rows=rows, dropped_letters=dropped_letters)

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
        self._kept.close()


def event_letters(db: SurveillanceDb) -> SqliteDeadLetters:
    """Name the dead letters of `surveillance.db`: a revived one becomes a row."""
    return SqliteDeadLetters(path=db.path, open=db.connect, revive=_revive, discard=lambda _: None)


def _revive(connection: sqlite3.Connection, row: LetterRow, event: SensorEvent) -> None:
    stored = row.stored
    _add(
        connection,
        ReceivedEvent(event=event, topic=stored.letter.topic, received_at_utc=stored.died_at_utc),
    )


def _add(connection: sqlite3.Connection, received: ReceivedEvent) -> StoredEvent:
    known = connection.execute(
        "SELECT id_evenement FROM evenement WHERE device_id = ? AND event_id = ?",
        received.event.key,
    ).fetchone()
    if known is not None:
        return StoredEvent(row_id=known[0], is_new=False)
    row_id = connection.execute(_INSERT, _values(connection, received)).lastrowid
    assert row_id is not None, "an INSERT that stored a row has named it"
    if received.to_film:
        connection.execute("INSERT INTO travail_clip (id_evenement) VALUES (?)", (row_id,))
    return StoredEvent(row_id=row_id, is_new=True)


def _values(
    connection: sqlite3.Connection, received: ReceivedEvent
) -> tuple[str | int | float, ...]:
    event = received.event
    metadata = {**event.extra, "data": dict(event.data), "mqtt_topic": received.topic}
    return (
        event.event_id,
        format_timestamp(event.occurred_at_utc),
        event.occurred_at_utc.timestamp(),
        0 if event.state is PinState.LOW else 1,
        _sensor_row_id(connection, event),
        write_object(metadata).decode(),
        event.device_id,
        event.type.value,
        event.source,
        format_timestamp(received.received_at_utc),
    )


def _sensor_row_id(connection: sqlite3.Connection, event: SensorEvent) -> int:
    """Find the sensor on the event's line, else the first of its kind, else add one.

    An event must have a sensor, because the spec's query joins them.
    """
    kind = KIND_BY_EVENT_TYPE[event.type]
    row = connection.execute(
        "SELECT id_capteur FROM capteur WHERE type_capteur = ?"
        " ORDER BY gpio_pin IS NOT ?, id_capteur LIMIT 1",
        (kind.value, event.gpio_pin),
    ).fetchone()
    if row is None:
        row = connection.execute(
            "INSERT INTO capteur (nom_capteur, type_capteur, gpio_pin) VALUES (?, ?, ?)"
            " RETURNING id_capteur",
            (FACTS_BY_KIND[kind].default_name, kind.value, event.gpio_pin),
        ).fetchone()
    row_id: int = row[0]
    return row_id
