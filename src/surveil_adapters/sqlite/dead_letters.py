"""Table `dead_letter`, in `outbox.db` and in `surveillance.db` alike.

The functions work within a transaction of the store; `SqliteDeadLetters` is the
command's way in, beside the running service.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import field, frozen

from surveil_adapters.sqlite.connection import reading, transaction, translating
from surveil_core.events import SensorEvent
from surveil_core.messages import format_timestamp, parse_timestamp
from surveil_core.ports.dead_letters import DeadLetter, StoredLetter

_MAX_INTEGER = 2**63 - 1

_LETTERS = """
    SELECT letter_id, topic, payload, reason, died_at_utc, size_bytes, entry_id FROM dead_letter
"""


@frozen(kw_only=True)
class LetterRow:
    """A stored letter, and the entry of the outbox that it was, if it was one."""

    stored: StoredLetter
    entry_id: int | None


def add_letter(
    connection: sqlite3.Connection,
    letter: DeadLetter,
    *,
    died_at_utc: datetime,
    entry_id: int | None = None,
) -> None:
    """Keep a letter. Text that UTF-8 cannot hold gets question marks."""
    topic, reason = (text.encode("utf-8", "replace") for text in (letter.topic, letter.reason))
    size_bytes = len(topic) + len(letter.payload) + len(reason)
    moment = format_timestamp(died_at_utc)
    connection.execute(
        "INSERT INTO dead_letter (topic, payload, reason, died_at_utc, size_bytes, entry_id)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (topic.decode(), letter.payload, reason.decode(), moment, size_bytes, entry_id),
    )
    _add_to_total(connection, letters=1, letter_bytes=size_bytes)


def remove_letter(connection: sqlite3.Connection, letter_id: int) -> LetterRow | None:
    """Take a letter out, if it is there."""
    row = connection.execute(f"{_LETTERS} WHERE letter_id = ?", (_bounded(letter_id),)).fetchone()
    if row is None:
        return None
    connection.execute("DELETE FROM dead_letter WHERE letter_id = ?", (row[0],))
    _add_to_total(connection, letters=-1, letter_bytes=-row[5])
    return LetterRow(stored=_stored(row), entry_id=row[6])


def drop_oldest_letters(
    connection: sqlite3.Connection, *, max_bytes: int, max_letters: int = _MAX_INTEGER
) -> int:
    """Drop the oldest letters above the quota, never the newest, and say how many."""
    letters, letter_bytes = connection.execute(
        "SELECT letters, letter_bytes FROM dead_letter_total"
    ).fetchone()
    if letters <= max_letters and letter_bytes <= max_bytes:
        return 0
    dropped = dropped_bytes = last_id = 0
    for letter_id, size_bytes in connection.execute(
        "SELECT letter_id, size_bytes FROM dead_letter ORDER BY letter_id"
    ):
        is_within = letters - dropped <= max_letters and letter_bytes - dropped_bytes <= max_bytes
        if is_within or dropped == letters - 1:
            break
        dropped, dropped_bytes, last_id = dropped + 1, dropped_bytes + size_bytes, letter_id
    connection.execute("DELETE FROM dead_letter WHERE letter_id <= ?", (last_id,))
    _add_to_total(connection, letters=-dropped, letter_bytes=-dropped_bytes, dropped=dropped)
    return dropped


def _add_to_total(
    connection: sqlite3.Connection, *, letters: int, letter_bytes: int, dropped: int = 0
) -> None:
    connection.execute(
        "UPDATE dead_letter_total SET letters = letters + ?,"
        " letter_bytes = letter_bytes + ?, dropped = dropped + ?",
        (letters, letter_bytes, dropped),
    )


@frozen(kw_only=True)
class SqliteDeadLetters:
    """`DeadLetters` of one file, opened for each call.

    `open` connects to write; `revive` and `discard` say, within the transaction that
    removed a letter, what else that means in this file.
    """

    path: Path
    _open: Callable[[], sqlite3.Connection] = field(repr=False)
    _revive: Callable[[sqlite3.Connection, LetterRow, SensorEvent], None] = field(repr=False)
    _discard: Callable[[sqlite3.Connection], None] = field(repr=False)

    def list_letters(self, *, after: int = 0, limit: int = 100) -> Sequence[StoredLetter]:
        """List the letters behind number `after`, oldest first."""
        with reading(self.path) as connection:
            rows = connection.execute(
                f"{_LETTERS} WHERE letter_id > ? ORDER BY letter_id LIMIT ?",
                (_bounded(after), _bounded(max(limit, 0))),
            ).fetchall()
        return [_stored(row) for row in rows]

    def find_letter(self, letter_id: int) -> StoredLetter | None:
        """Find one letter."""
        with reading(self.path) as connection:
            row = connection.execute(
                f"{_LETTERS} WHERE letter_id = ?", (_bounded(letter_id),)
            ).fetchone()
        return None if row is None else _stored(row)

    def dropped_letters(self) -> int:
        """Count the letters that were ever given up for the quota."""
        with reading(self.path) as connection:
            dropped: int = connection.execute("SELECT dropped FROM dead_letter_total").fetchone()[0]
        return dropped

    def revive(self, letter_id: int, event: SensorEvent) -> bool:
        """Treat the letter as the arrival of `event`, and remove it; False without one."""
        with translating(self.path), closing(self._open()) as connection, transaction(connection):
            row = remove_letter(connection, letter_id)
            if row is not None:
                self._revive(connection, row, event)
        return row is not None

    def discard(self, letter_id: int) -> bool:
        """Remove a letter for good; False without one."""
        with translating(self.path), closing(self._open()) as connection, transaction(connection):
            row = remove_letter(connection, letter_id)
            if row is not None:
                self._discard(connection)
        return row is not None


def _stored(row: tuple[Any, ...]) -> StoredLetter:
    return StoredLetter(
        letter_id=row[0],
        letter=DeadLetter(topic=row[1], payload=row[2], reason=row[3]),
        died_at_utc=parse_timestamp(row[4]),
    )


def _bounded(value: int) -> int:
    """Keep a caller's number within SQLite's; no row lies beyond."""
    return max(-_MAX_INTEGER, min(value, _MAX_INTEGER))
