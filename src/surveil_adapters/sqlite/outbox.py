"""`outbox.db`: what the bridge keeps until the backend has it.

WAL, one transaction for each group: what arrived, what was delivered, what was refused,
and the totals. A process killed at any instant leaves the state before or after a group.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from attrs import define, field, frozen

from surveil_adapters.sqlite.connection import KeptConnection
from surveil_adapters.sqlite.dead_letters import LetterRow, SqliteDeadLetters, drop_oldest_letters
from surveil_adapters.sqlite.outbox_rows import (
    KNOWN_EVENTS,
    OutboxRows,
    arrival_bytes,
    connect_outbox,
    event_key,
    outbox_rows,
)
from surveil_core.events import SensorEvent
from surveil_core.ports.dead_letters import DeadLetter
from surveil_core.ports.outbox import (
    Arrival,
    ArrivedEvent,
    Committed,
    OutboxChanges,
    OutboxCounters,
    OutboxEntry,
    WhenFull,
)

DEAD_SHARE = 4
"""Dead letters may take this part of the quota: a quarter."""

_MAX_INTEGER = 2**63 - 1

_ENTRIES = """
    SELECT entry_id, event_id, topic, payload FROM entry
    WHERE device_id = ? ORDER BY entry_id LIMIT ?
"""
_DEVICES = """
    WITH RECURSIVE lane (device_id) AS (
        SELECT min(device_id) FROM entry
        UNION ALL
        SELECT (SELECT min(device_id) FROM entry WHERE device_id > lane.device_id)
        FROM lane WHERE lane.device_id IS NOT NULL
    )
    SELECT device_id, (SELECT min(entry_id) FROM entry e WHERE e.device_id = lane.device_id)
    FROM lane WHERE device_id IS NOT NULL ORDER BY 2
"""
"""One step in the index for each device, however many events wait."""


@frozen
class _Sorted:
    """What becomes of a group of arrivals."""

    verdicts: list[Arrival] = field(factory=list)
    new: list[ArrivedEvent] = field(factory=list)
    too_large: list[ArrivedEvent] = field(factory=list)


@define
class SqliteOutbox:
    """An `Outbox`; opens its file at the first call.

    `max_bytes` bounds the topics and payloads that wait; a quarter of it, beside that,
    the dead letters. The newest `known_events` are recognised when they come again, as
    are all that wait.
    """

    _path: Path
    _max_bytes: int = field(kw_only=True)
    _when_full: WhenFull = field(kw_only=True)
    _known_events: int = field(kw_only=True, default=KNOWN_EVENTS)
    _kept: KeptConnection = field(init=False, repr=False)
    _seen_version: int | None = field(default=None, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptConnection(path=self._path, open=self._connect)

    def commit(self, changes: OutboxChanges) -> Committed:
        """Write all of it or nothing; it is on the disk when this returns.

        Raises `StoreUnavailable`, `ConfigurationError` or `DataLost` as the port says.
        """
        with self._kept.transaction() as connection, outbox_rows(connection) as rows:
            rows.take_delivered(changes.delivered)
            for entry_id, reason in changes.refused:
                rows.take_refused(entry_id, reason, changes.at_utc)
            for letter in changes.dead:
                rows.bury(letter, changes.at_utc)
            verdicts = self._receive(rows, changes)
            dropped_waiting = self._drop_oldest(rows)
            dropped_dead = drop_oldest_letters(connection, max_bytes=self._max_bytes // DEAD_SHARE)
            rows.totals.refused += dropped_dead
            rows.purge_known(keep=self._known_events)
        self._kept.give_space_back()
        return Committed(
            arrivals=verdicts, dropped_waiting=dropped_waiting, dropped_dead=dropped_dead
        )

    def waiting_devices(self) -> Sequence[str]:
        """Name the devices that have waiting events, the longest waiting first."""
        with self._kept.reading() as connection:
            return [device_id for device_id, _ in connection.execute(_DEVICES)]

    def next_entries(self, device_id: str, *, limit: int, max_bytes: int) -> Sequence[OutboxEntry]:
        """Read the oldest waiting events of a device, in order, up to `max_bytes` of payload."""
        entries: list[OutboxEntry] = []
        left_bytes = max_bytes
        with self._kept.reading() as connection:
            values = (device_id, min(max(limit, 0), _MAX_INTEGER))
            for entry_id, event_id, topic, payload in connection.execute(_ENTRIES, values):
                left_bytes -= len(payload)
                if entries and left_bytes < 0:
                    break
                entries.append(
                    OutboxEntry(
                        entry_id=entry_id,
                        device_id=device_id,
                        event_id=event_id,
                        topic=topic,
                        payload=payload,
                    )
                )
        return entries

    def changed_elsewhere(self) -> bool:
        """Say whether another program wrote the file since the last call.

        Also True after the file had to be opened again, since nobody watched meanwhile.
        """
        with self._kept.reading() as connection:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
        is_changed: bool = version != self._seen_version
        self._seen_version = version
        return is_changed

    def counters(self) -> OutboxCounters:
        """Count. All figures are of one instant."""
        with self._kept.reading() as connection:
            row = connection.execute(
                "SELECT received, delivered, waiting, letters, refused, repeated, waiting_bytes"
                " FROM total JOIN dead_letter_total USING (only_row)"
            ).fetchone()
        received, delivered, waiting, dead, refused, repeated, waiting_bytes = row
        return OutboxCounters(
            received=received,
            delivered=delivered,
            waiting=waiting,
            dead=dead,
            refused=refused,
            repeated=repeated,
            waiting_bytes=waiting_bytes,
        )

    def close(self) -> None:
        """Release the file. Closing twice is safe."""
        self._kept.close()

    def _connect(self) -> sqlite3.Connection:
        connection = connect_outbox(self._path)
        is_first = self._seen_version is None
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        self._seen_version = version if is_first else -1
        return connection

    def _receive(self, rows: OutboxRows, changes: OutboxChanges) -> Sequence[Arrival]:
        found = self._sort(rows, changes.arrived)
        rows.totals.repeated += found.verdicts.count(Arrival.REPEATED)
        rows.add(found.new)
        for arrived in found.too_large:
            letter = DeadLetter(
                topic=arrived.topic,
                payload=arrived.payload,
                reason=f"the message has {arrival_bytes(arrived)} bytes,"
                f" the outbox takes {self._max_bytes}: raise outbox.max_bytes, then replay it",
            )
            rows.bury_event(arrived.event, letter, changes.at_utc)
        return found.verdicts

    def _sort(self, rows: OutboxRows, arrived: Sequence[ArrivedEvent]) -> _Sorted:
        keys = [event_key(one.event) for one in arrived]
        known = rows.known_keys(keys)
        room_bytes = self._max_bytes - rows.totals.waiting_bytes
        found = _Sorted()
        for one, key in zip(arrived, keys, strict=True):
            size_bytes = arrival_bytes(one)
            if key in known:
                found.verdicts.append(Arrival.REPEATED)
                continue
            if size_bytes > self._max_bytes:
                found.too_large.append(one)
            elif size_bytes > room_bytes and self._when_full is WhenFull.HOLD:
                break
            else:
                found.new.append(one)
                room_bytes -= size_bytes
            known.add(key)
            found.verdicts.append(Arrival.NEW)
        found.verdicts.extend([Arrival.HELD] * (len(arrived) - len(found.verdicts)))
        return found

    def _drop_oldest(self, rows: OutboxRows) -> int:
        if self._when_full is WhenFull.HOLD:
            return 0
        return rows.drop_oldest(max_bytes=self._max_bytes)


def outbox_letters(path: Path) -> SqliteDeadLetters:
    """Name the dead letters of an `outbox.db`: a revived one waits again."""
    return SqliteDeadLetters(
        path=path, open=lambda: connect_outbox(path), revive=_revive, discard=_discard
    )


def _revive(connection: sqlite3.Connection, row: LetterRow, event: SensorEvent) -> None:
    with outbox_rows(connection) as rows:
        rows.revive(row, event)


def _discard(connection: sqlite3.Connection) -> None:
    with outbox_rows(connection) as rows:
        rows.discard()
