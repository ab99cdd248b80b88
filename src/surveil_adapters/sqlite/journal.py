"""`journal.db`: what the sensor service writes before it publishes.

WAL: one short sequential write and one wait for the disk make an event durable.
"""

import itertools
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from attrs import define, field

from surveil_adapters.sqlite.connection import (
    SMALL_CACHE_KIB,
    KeptConnection,
    apply_schema,
    closing_on_error,
    connect,
)
from surveil_core.ports.journal import JournalRecord

SCHEMA_VERSION = 1
"""Of `journal.sql`, kept in `PRAGMA user_version`."""

_MAX_INTEGER = 2**63 - 1

_COUNT_OUT = """
    UPDATE total SET waiting_bytes = waiting_bytes - (
        SELECT coalesce(sum(length(CAST(topic AS BLOB)) + length(payload)), 0)
        FROM record WHERE record_id IN (SELECT value FROM json_each(?)))
"""
_FORGET = "DELETE FROM record WHERE record_id IN (SELECT value FROM json_each(?))"


@define
class SqliteJournal:
    """A `Journal`; opens its file at the first call."""

    path: Path
    _kept: KeptConnection = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptConnection(path=self.path, open=self._connect)

    def append(self, records: Sequence[JournalRecord]) -> None:
        """Write records in one transaction; returns after the commit is on the disk.

        Raises `StoreUnavailable`, `ConfigurationError` or `DataLost` as the port says, and
        `ValueError` for ids that do not grow.
        """
        if not records:
            return
        with self._kept.transaction() as connection:
            (last_id,) = connection.execute("SELECT last_record_id FROM total").fetchone()
            _check_growth([last_id, *(record.record_id for record in records)])
            connection.executemany(
                "INSERT INTO record (record_id, topic, payload) VALUES (?, ?, ?)",
                [(record.record_id, record.topic, record.payload) for record in records],
            )
            connection.execute(
                "UPDATE total SET last_record_id = ?, waiting_bytes = waiting_bytes + ?",
                (records[-1].record_id, sum(map(_size_bytes, records))),
            )

    def read_after(self, record_id: int, *, limit: int) -> Sequence[JournalRecord]:
        """Read the records behind `record_id`, oldest first."""
        with self._kept.reading() as connection:
            rows = connection.execute(
                "SELECT record_id, topic, payload FROM record WHERE record_id > ?"
                " ORDER BY record_id LIMIT ?",
                (record_id, min(max(limit, 0), _MAX_INTEGER)),
            ).fetchall()
        return [JournalRecord(record_id=row[0], topic=row[1], payload=row[2]) for row in rows]

    def last_id(self) -> int:
        """Name the newest record ever appended to this file, 0 if there was none."""
        return self._totals()[0]

    def forget(self, record_ids: Sequence[int]) -> None:
        """Remove records, in one transaction. Ids that are not there are no error."""
        if not record_ids:
            return
        with self._kept.transaction() as connection:
            ids = (json.dumps(list(record_ids)),)
            connection.execute(_COUNT_OUT, ids)
            connection.execute(_FORGET, ids)
        self._kept.give_space_back()

    def waiting_bytes(self) -> int:
        """Count the topics and payloads in the file."""
        return self._totals()[1]

    def close(self) -> None:
        """Release the file. Closing twice is safe."""
        self._kept.close()

    def _totals(self) -> tuple[int, int]:
        with self._kept.reading() as connection:
            totals: tuple[int, int] = connection.execute(
                "SELECT last_record_id, waiting_bytes FROM total"
            ).fetchone()
        return totals

    def _connect(self) -> sqlite3.Connection:
        connection = connect(self.path, journal_mode="WAL", cache_kib=SMALL_CACHE_KIB)
        with closing_on_error(connection):
            apply_schema(
                connection,
                path=self.path,
                schema_names=("journal.sql",),
                version=SCHEMA_VERSION,
            )
        return connection


def _check_growth(record_ids: Sequence[int]) -> None:
    for last_id, record_id in itertools.pairwise(record_ids):
        if record_id <= last_id:
            raise ValueError(
                f"record_id is {record_id}, expected more than {last_id}: "
                "number records from last_id() on"
            )


def _size_bytes(record: JournalRecord) -> int:
    return len(record.topic.encode()) + len(record.payload)
