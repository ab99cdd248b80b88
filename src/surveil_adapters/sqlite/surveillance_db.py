"""`surveillance.db`: opening the file, its tables, and the rows of `capteur`.

Rollback journal in TRUNCATE mode: a video is then written once, where a WAL writes it
twice (measured: 1.02 against 2.02 bytes per byte), which is half the wear of an SD card.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from attrs import field, frozen

from surveil_adapters.sqlite.connection import (
    apply_schema,
    closing_on_error,
    connect,
    transaction,
    translating,
)
from surveil_adapters.sqlite.damaged_media import readable_ids, skipping_damage
from surveil_core.ports.sensors import SensorSpec

SCHEMA_VERSION = 5
"""Of `schema.sql` and `dead_letters.sql`, kept in `PRAGMA user_version`."""

CAMERA_TYPE = "camera"
"""`capteur.type_capteur` of a camera; sensors bear their `SensorKind`."""


def _as_tuple(sensors: Sequence[SensorSpec]) -> tuple[SensorSpec, ...]:
    return tuple(sensors)


@frozen(kw_only=True)
class SurveillanceDb:
    """Where the file is, and what `capteur` must hold.

    An empty file numbers `sensors` from 1 in their order, then the cameras.
    """

    path: Path
    sensors: tuple[SensorSpec, ...] = field(converter=_as_tuple)
    camera_names: tuple[str, ...] = ("Caméra 1",)

    def initialise(self) -> None:
        """Make the folder, the file, its tables and the rows of `capteur`.

        Safe to repeat, and in two processes at once. Raises `StoreUnavailable`, or
        `ConfigurationError` when a later release wrote the file.
        """
        with translating(self.path):
            self.connect().close()

    def connect(self) -> sqlite3.Connection:
        """Initialise and hand out the connection, which the caller closes.

        Raises `sqlite3.Error`, `OSError` or `ConfigurationError`.
        """
        connection = connect(self.path, journal_mode="TRUNCATE")
        with closing_on_error(connection):
            apply_schema(
                connection,
                path=self.path,
                schema_names=("schema.sql", "dead_letters.sql"),
                version=SCHEMA_VERSION,
            )
            pinned = _earlier_pins(connection)
            with transaction(connection):
                columns = _media_columns(connection)
                if "recupere" not in columns:
                    _add_salvage_mark(connection)
                if "epingle" in columns:
                    _move_pins(connection, pinned)
                for sensor in self.sensors:
                    _keep_sensor(connection, sensor)
                _keep_cameras(connection, self.camera_names)
        return connection


def _media_columns(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM pragma_table_info('media')").fetchall()
    return {name for (name,) in rows}


def _add_salvage_mark(connection: sqlite3.Connection) -> None:
    connection.execute(
        "ALTER TABLE media ADD COLUMN recupere INTEGER NOT NULL DEFAULT 0"
        " CHECK (recupere IN (0, 1))"
    )


def _earlier_pins(connection: sqlite3.Connection) -> Sequence[int]:
    """Name the videos that an earlier release pinned, by a column.

    To be called before the transaction, in which SQLite writes nothing after it has met a damaged
    page. A video whose row cannot be read is left out.
    """
    query = "SELECT epingle FROM media WHERE id_media = ?"
    pinned: list[int] = []
    if "epingle" in _media_columns(connection):
        for media_id in readable_ids(connection):
            with skipping_damage():
                rows = connection.execute(query, (media_id,)).fetchall()
                pinned += [media_id for (is_pinned,) in rows if is_pinned]
    return pinned


def _move_pins(connection: sqlite3.Connection, pinned: Sequence[int]) -> None:
    """Take over the pins of an earlier release, once.

    Its column gets another name and stays: to drop it would write every video again.
    """
    connection.executemany(
        "INSERT INTO epingle_media (id_media) VALUES (?)", [(media_id,) for media_id in pinned]
    )
    connection.execute("ALTER TABLE media RENAME COLUMN epingle TO epingle_avant_version_4")


def _keep_sensor(connection: sqlite3.Connection, sensor: SensorSpec) -> None:
    """Add a sensor, or take over the new name and place of the one on its line."""
    row = connection.execute(
        "SELECT id_capteur, nom_capteur, emplacement FROM capteur"
        " WHERE type_capteur = ? AND gpio_pin = ? ORDER BY id_capteur",
        (sensor.kind.value, sensor.pin),
    ).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO capteur (nom_capteur, type_capteur, gpio_pin, emplacement)"
            " VALUES (?, ?, ?, ?)",
            (sensor.name, sensor.kind.value, sensor.pin, sensor.location),
        )
    elif row[1:] != (sensor.name, sensor.location):
        connection.execute(
            "UPDATE capteur SET nom_capteur = ?, emplacement = ? WHERE id_capteur = ?",
            (sensor.name, sensor.location, row[0]),
        )


def _keep_cameras(connection: sqlite3.Connection, names: Sequence[str]) -> None:
    """Add the cameras whose name no row has.

    The row of a camera that was taken out stays, since it names that one's videos. Only where
    there is one camera, and never was another, is a new name its own.
    """
    rows = connection.execute(
        "SELECT id_capteur, nom_capteur FROM capteur WHERE type_capteur = ?", (CAMERA_TYPE,)
    ).fetchall()
    lacking = [name for name in names if name not in {known for _, known in rows}]
    if len(rows) == len(names) == len(lacking) == 1:
        connection.execute(
            "UPDATE capteur SET nom_capteur = ? WHERE id_capteur = ?", (lacking[0], rows[0][0])
        )
        return
    connection.executemany(
        "INSERT INTO capteur (nom_capteur, type_capteur) VALUES (?, ?)",
        [(name, CAMERA_TYPE) for name in lacking],
    )
