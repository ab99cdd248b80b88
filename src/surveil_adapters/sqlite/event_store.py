"""Table `evenement`: one event a transaction, one row an event."""

import sqlite3
from datetime import datetime

from attrs import define, field

from surveil_adapters.sqlite.connection import KeptConnection
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.events import PinState, SensorEvent
from surveil_core.messages import format_timestamp
from surveil_core.ports.event_store import StoredEvent
from surveil_core.strict_json import write_object
from surveil_core.vocabulary import FACTS_BY_KIND, KIND_BY_EVENT_TYPE

_INSERT = """
    INSERT INTO evenement (event_id, date_evenement, timestamp, etat_capteur, id_capteur,
                           metadata, device_id, type_evenement, source, date_reception)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    RETURNING id_evenement
"""


@define
class SqliteEventStore:
    """An `EventStore` on `surveillance.db`; opens the file at the first event."""

    _db: SurveillanceDb
    _kept: KeptConnection = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptConnection(path=self._db.path, open=self._db.connect)

    def add_event(
        self, event: SensorEvent, *, topic: str, received_at_utc: datetime
    ) -> StoredEvent:
        """Store an event once by its key; returns after the commit is on the disk."""
        with self._kept.transaction() as connection:
            known = connection.execute(
                "SELECT id_evenement FROM evenement WHERE device_id = ? AND event_id = ?", event.key
            ).fetchone()
            if known is not None:
                return StoredEvent(row_id=known[0], is_new=False)
            row_id = _insert(connection, event, topic, received_at_utc)
            return StoredEvent(row_id=row_id, is_new=True)

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
        self._kept.close()


def _insert(
    connection: sqlite3.Connection, event: SensorEvent, topic: str, received_at_utc: datetime
) -> int:
    metadata = {**event.extra, "data": dict(event.data), "mqtt_topic": topic}
    values = (
        event.event_id,
        format_timestamp(event.occurred_at_utc),
        event.occurred_at_utc.timestamp(),
        0 if event.state is PinState.LOW else 1,
        _sensor_row_id(connection, event),
        write_object(metadata).decode(),
        event.device_id,
        event.type.value,
        event.source,
        format_timestamp(received_at_utc),
    )
    row_id: int = connection.execute(_INSERT, values).fetchone()[0]
    return row_id


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
