"""One transaction on `outbox.db`: rows, known events and totals change together."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from attrs import astuple, define, frozen

from surveil_adapters.sqlite.connection import (
    SMALL_CACHE_KIB,
    apply_schema,
    closing_on_error,
    connect,
)
from surveil_adapters.sqlite.dead_letters import LetterRow, add_letter
from surveil_core.events import SensorEvent
from surveil_core.ports.dead_letters import DeadLetter
from surveil_core.ports.outbox import ArrivedEvent

SCHEMA_VERSION = 1
"""Of `outbox.sql` and `dead_letters.sql`, kept in `PRAGMA user_version`."""

KNOWN_EVENTS = 200_000
"""How many events are recognised when they come again: a week's, one every 3 s.

By count and not by age, since a Pi's clock may jump by years.
"""

PURGE_STEP = 1000
"""How many known events are forgotten at a time."""

MAX_KEY_BYTES = 96
"""Longest key kept as text, so that long ids cannot make `known_event` large."""


_KNOWN = """
    SELECT event_key FROM known_event WHERE event_key IN (SELECT value FROM json_each(?))
"""
_COUNT = """
    SELECT count(*), coalesce(sum(size_bytes), 0) FROM entry
    WHERE entry_id IN (SELECT value FROM json_each(?))
"""
_REMOVE = "DELETE FROM entry WHERE entry_id IN (SELECT value FROM json_each(?))"
_FORGET = "DELETE FROM known_event WHERE entry_id IN (SELECT value FROM json_each(?))"


def connect_outbox(path: Path) -> sqlite3.Connection:
    """Open `outbox.db` for writing, with its tables; the caller closes it."""
    connection = connect(path, journal_mode="WAL", cache_kib=SMALL_CACHE_KIB)
    with closing_on_error(connection):
        apply_schema(
            connection,
            path=path,
            schema_names=("outbox.sql", "dead_letters.sql"),
            version=SCHEMA_VERSION,
        )
    return connection


def event_key(event: SensorEvent) -> str:
    """Name an event in one text. Keys of one device lie together, in the order of its ids."""
    key = f"{len(event.device_id)}/{event.device_id}/{event.event_id}"
    encoded = key.encode()
    return key if len(encoded) <= MAX_KEY_BYTES else blake2b(encoded, digest_size=24).hexdigest()


@define
class _Totals:
    """Table `total`, its columns in their order."""

    received: int
    delivered: int
    refused: int
    repeated: int
    waiting: int
    waiting_bytes: int
    last_entry_id: int
    purged_to: int


@frozen
class OutboxRows:
    """What a transaction may do, by one thread, until it commits."""

    _connection: sqlite3.Connection
    totals: _Totals

    def take_delivered(self, entry_ids: Sequence[int]) -> None:
        """Remove entries that the backend has. Those that wait no more are no error."""
        self.totals.delivered += self._remove(entry_ids)

    def take_refused(self, entry_id: int, reason: str, died_at_utc: datetime) -> None:
        """Make a waiting entry a dead letter. One that waits no more is no error."""
        row = self._connection.execute(
            "SELECT topic, payload FROM entry WHERE entry_id = ?", (entry_id,)
        ).fetchone()
        if row is not None:
            letter = DeadLetter(topic=row[0], payload=row[1], reason=reason)
            self._remove([entry_id])
            add_letter(self._connection, letter, died_at_utc=died_at_utc, entry_id=entry_id)

    def bury(self, letter: DeadLetter, died_at_utc: datetime) -> None:
        """Receive what was no legal message."""
        self.totals.received += 1
        add_letter(self._connection, letter, died_at_utc=died_at_utc)

    def bury_event(self, event: SensorEvent, letter: DeadLetter, died_at_utc: datetime) -> None:
        """Receive an event that can never wait here."""
        self.totals.received += 1
        entry_id = self._next_id()
        self._learn([(entry_id, event_key(event))])
        add_letter(self._connection, letter, died_at_utc=died_at_utc, entry_id=entry_id)

    def add(self, arrived: Sequence[ArrivedEvent]) -> None:
        """Receive events that are not known, in order."""
        self.totals.received += len(arrived)
        self._queue(arrived)

    def known_keys(self, keys: Sequence[str]) -> set[str]:
        """Say which of `keys` were taken before."""
        return {key for (key,) in self._connection.execute(_KNOWN, (json.dumps(keys),))}

    def drop_oldest(self, *, max_bytes: int) -> int:
        """Give up the oldest entries above the quota, and say how many."""
        excess_bytes = self.totals.waiting_bytes - max_bytes
        if excess_bytes <= 0:
            return 0
        dropped: list[int] = []
        for entry_id, size_bytes in self._connection.execute(
            "SELECT entry_id, size_bytes FROM entry ORDER BY entry_id"
        ):
            dropped.append(entry_id)
            excess_bytes -= size_bytes
            if excess_bytes <= 0:
                break
        self.totals.refused += self._remove(dropped)
        return len(dropped)

    def revive(self, row: LetterRow, event: SensorEvent) -> None:
        """Queue a removed letter as `event`, unless it is another event taken before."""
        letter = row.stored.letter
        key = event_key(event)
        known = self._connection.execute(
            "SELECT entry_id FROM known_event WHERE event_key = ?", (key,)
        ).fetchone()
        if known is not None and known[0] != row.entry_id:
            self.totals.refused += 1
            return
        self._connection.execute("DELETE FROM known_event WHERE event_key = ?", (key,))
        self._queue([ArrivedEvent(event=event, topic=letter.topic, payload=letter.payload)])

    def discard(self) -> None:
        """Count a letter that was removed for good."""
        self.totals.refused += 1

    def purge_known(self, *, keep: int) -> None:
        """Forget the known events behind the newest `keep`, by steps, but none that waits."""
        purge_to = self.totals.last_entry_id - keep
        if purge_to < self.totals.purged_to + PURGE_STEP:
            return
        self._connection.execute(
            "DELETE FROM known_event WHERE entry_id > ? AND entry_id <= ? AND NOT EXISTS"
            " (SELECT 1 FROM entry WHERE entry.entry_id = known_event.entry_id)",
            (self.totals.purged_to, purge_to),
        )
        self.totals.purged_to = purge_to

    def _remove(self, entry_ids: Sequence[int]) -> int:
        """Remove those of the entries that wait, and say how many that were."""
        if not entry_ids:
            return 0
        ids = (json.dumps(list(entry_ids)),)
        removed, size_bytes = self._connection.execute(_COUNT, ids).fetchone()
        self._connection.execute(_REMOVE, ids)
        self.totals.waiting -= removed
        self.totals.waiting_bytes -= size_bytes
        passed = [entry_id for entry_id in entry_ids if entry_id <= self.totals.purged_to]
        if passed:  # they waited so long that the purge has passed them
            self._connection.execute(_FORGET, (json.dumps(passed),))
        return int(removed)

    def _queue(self, arrived: Sequence[ArrivedEvent]) -> None:
        entries: list[tuple[int, str, str, str, bytes, int]] = []
        keys: list[tuple[int, str]] = []
        for one in arrived:
            event, entry_id, size_bytes = one.event, self._next_id(), arrival_bytes(one)
            entries.append(
                (entry_id, event.device_id, event.event_id, one.topic, one.payload, size_bytes)
            )
            keys.append((entry_id, event_key(event)))
            self.totals.waiting_bytes += size_bytes
        self.totals.waiting += len(entries)
        self._connection.executemany(
            "INSERT INTO entry (entry_id, device_id, event_id, topic, payload, size_bytes)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            entries,
        )
        self._learn(keys)

    def _learn(self, keys: Sequence[tuple[int, str]]) -> None:
        self._connection.executemany(
            "INSERT INTO known_event (entry_id, event_key) VALUES (?, ?)", keys
        )

    def _next_id(self) -> int:
        self.totals.last_entry_id += 1
        return self.totals.last_entry_id


def arrival_bytes(arrived: ArrivedEvent) -> int:
    """What a message counts for in the quota."""
    return len(arrived.topic.encode()) + len(arrived.payload)


@contextmanager
def outbox_rows(connection: sqlite3.Connection) -> Iterator[OutboxRows]:
    """Within a transaction: read the totals, and write them back at the end."""
    row = connection.execute(
        "SELECT received, delivered, refused, repeated, waiting, waiting_bytes,"
        " last_entry_id, purged_to FROM total"
    ).fetchone()
    rows = OutboxRows(connection, _Totals(*row))
    yield rows
    connection.execute(
        "UPDATE total SET received = ?, delivered = ?, refused = ?, repeated = ?, waiting = ?,"
        " waiting_bytes = ?, last_entry_id = ?, purged_to = ?",
        astuple(rows.totals),
    )
