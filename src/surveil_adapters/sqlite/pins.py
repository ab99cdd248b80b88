"""Table `epingle_media`: the videos that a person wants kept."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

from attrs import frozen

from surveil_adapters.sqlite.connection import transaction, translating
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.messages import format_timestamp

_PIN = "INSERT INTO epingle_media VALUES (?, ?) ON CONFLICT DO NOTHING"
_UNPIN = "DELETE FROM epingle_media WHERE id_media = ?"


def set_pin(connection: sqlite3.Connection, media_id: int, *, is_pinned: bool) -> bool:
    """Pin or unpin within a transaction; False if there is no such video."""
    known = connection.execute("SELECT 1 FROM media WHERE id_media = ?", (media_id,)).fetchone()
    if known is None:
        return False
    if is_pinned:
        connection.execute(_PIN, (media_id, format_timestamp(datetime.now(UTC))))
    else:
        connection.execute(_UNPIN, (media_id,))
    return True


@frozen
class SqlitePins:
    """`Pins` on `surveillance.db`, opened for each call, since calls are rare."""

    _db: SurveillanceDb

    def pin(self, media_id: int, *, is_pinned: bool) -> bool:
        """Set or take the pin.

        Raises `StoreUnavailable`, also while a long clip is being written.
        """
        with (
            translating(self._db.path),
            closing(self._db.connect()) as connection,
            transaction(connection),
        ):
            return set_pin(connection, media_id, is_pinned=is_pinned)
