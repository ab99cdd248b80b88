"""`media.epingle`: the videos that a person wants kept."""

import sqlite3
from contextlib import closing

from attrs import frozen

from surveil_adapters.sqlite.connection import transaction, translating
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb


def set_pin(connection: sqlite3.Connection, media_id: int, *, is_pinned: bool) -> bool:
    """Pin or unpin within a transaction; False if there is no such video."""
    changed = connection.execute(
        "UPDATE media SET epingle = ? WHERE id_media = ?", (int(is_pinned), media_id)
    )
    return changed.rowcount > 0


@frozen
class SqlitePins:
    """`Pins` on `surveillance.db`, opened for each call, since calls are rare."""

    _db: SurveillanceDb

    def pin(self, media_id: int, *, is_pinned: bool) -> bool:
        """Set the mark. Raises `StoreUnavailable`, also while a long clip is being written."""
        with (
            translating(self._db.path),
            closing(self._db.connect()) as connection,
            transaction(connection),
        ):
            return set_pin(connection, media_id, is_pinned=is_pinned)
