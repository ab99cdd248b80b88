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
from surveil_core.ports.sensors import SensorSpec

SCHEMA_VERSION = 3
"""Of `schema.sql` and `dead_letters.sql`, kept in `PRAGMA user_version`."""

CAMERA_TYPE = "camera"
"""`capteur.type_capteur` of a camera; sensors bear their `SensorKind`."""


def _as_tuple(sensors: Sequence[SensorSpec]) -> tuple[SensorSpec, ...]:
    return tuple(sensors)


@frozen(kw_only=True)
class SurveillanceDb:
    """Where the file is, and what `capteur` must hold.

    An empty file numbers `sensors` from 1 in their order, then the camera.
    """

    path: Path
    sensors: tuple[SensorSpec, ...] = field(converter=_as_tuple)
    camera_name: str = "Caméra 1"

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
            with transaction(connection):
                _keep_flag(connection, "recupere")
                _keep_flag(connection, "epingle")
                for sensor in self.sensors:
                    _keep_sensor(connection, sensor)
                _keep_camera(connection, self.camera_name)
        return connection


def _keep_flag(connection: sqlite3.Connection, name: str) -> None:
    """Add a column of 0 and 1 to a `media` that was made without it."""
    columns = connection.execute("SELECT name FROM pragma_table_info('media')").fetchall()
    if (name,) not in columns:
        connection.execute(
            f"ALTER TABLE media ADD COLUMN {name} INTEGER NOT NULL DEFAULT 0"
            f" CHECK ({name} IN (0, 1))"
        )


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


def _keep_camera(connection: sqlite3.Connection, name: str) -> None:
    row = connection.execute(
        "SELECT id_capteur, nom_capteur FROM capteur WHERE type_capteur = ? ORDER BY id_capteur",
        (CAMERA_TYPE,),
    ).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO capteur (nom_capteur, type_capteur) VALUES (?, ?)", (name, CAMERA_TYPE)
        )
    elif row[1] != name:
        connection.execute(
            "UPDATE capteur SET nom_capteur = ? WHERE id_capteur = ?", (name, row[0])
        )
