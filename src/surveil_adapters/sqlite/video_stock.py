"""Table `media` as what takes space: what it has, what may go, and giving the space back.

A deleted video leaves free pages in the file, which the next videos fill; as long as the
disk has space for others, nothing is moved.
"""

import json
import shutil
import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

from attrs import define, field

from surveil_adapters.sqlite.connection import KeptConnection, transaction
from surveil_adapters.sqlite.pins import set_pin
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.messages import maybe_timestamp
from surveil_core.ports.video_stock import GivenUp
from surveil_core.retention import KeptVideo, Space

STEP_PAGES = 64
"""How many free pages (256 KiB) are given back at a time: until the commit, the rollback
journal takes twice as much of a disk that has little.
"""

_STORED = "SELECT id_media FROM media WHERE id_media IN (SELECT value FROM json_each(:ids))"
_KEEP_REASON = """
    INSERT INTO travail_clip (id_evenement, raison_abandon)
    SELECT DISTINCT l.id_evenement, :reason FROM media_evenement l JOIN media m USING (id_media)
    WHERE epingle = 0 AND id_media IN (SELECT value FROM json_each(:ids))
    ON CONFLICT (id_evenement) DO UPDATE SET raison_abandon = excluded.raison_abandon
"""
_DELETE = """
    DELETE FROM media WHERE epingle = 0 AND id_media IN (SELECT value FROM json_each(:ids))
"""
_FORGET_REASON = """
    DELETE FROM travail_clip WHERE raison_abandon = :reason
    AND id_evenement IN (SELECT id_evenement FROM media_evenement)
"""
"""Of events that another video shows as well."""


@define
class SqliteVideoStock:
    """A `VideoStock` on `surveillance.db`; opens the file at the first call."""

    _db: SurveillanceDb
    _kept: KeptConnection = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptConnection(path=self._db.path, open=self._db.connect)

    def space(self) -> Space:
        """Say what the videos take, and what is free for them, in the file and beside it."""
        with self._kept.reading() as connection:
            (video_bytes,) = connection.execute(
                "SELECT coalesce(sum(taille), 0) FROM media"
            ).fetchone()
            hollow_bytes = _free_bytes_in(connection)
        disk = self._disk()
        return Space(
            video_bytes=video_bytes,
            free_bytes=disk.free + hollow_bytes,
            disk_bytes=disk.total,
            hollow_bytes=hollow_bytes,
        )

    def oldest_first(self) -> Sequence[KeptVideo]:
        """List the videos in the order in which they were stored, those of damaged rows too."""
        with self._kept.reading() as connection:
            rows = connection.execute(
                "SELECT id_media, taille, date_debut, epingle FROM media ORDER BY id_media"
            ).fetchall()
        return [
            KeptVideo(
                media_id=row[0],
                video_bytes=row[1] if isinstance(row[1], int) else 0,
                started_at_utc=maybe_timestamp(row[2]),
                is_pinned=bool(row[3]),
            )
            for row in rows
        ]

    def give_up(self, media_ids: Collection[int], *, reason: str) -> GivenUp:
        """Delete videos in one transaction; `travail_clip` keeps the reason of their events."""
        values = {"ids": json.dumps(sorted(media_ids)), "reason": reason}
        with self._kept.transaction() as connection:
            stored = {media_id for (media_id,) in connection.execute(_STORED, values)}
            connection.execute(_KEEP_REASON, values)
            connection.execute(_DELETE, values)
            connection.execute(_FORGET_REASON, values)
            stored -= {media_id for (media_id,) in connection.execute(_STORED, values)}
        return GivenUp(media_ids=stored)

    def give_space_back(self, *, up_to_free_bytes: int) -> int:
        """Shorten the file by a step if the disk has less free than that."""
        with self._kept.reading() as connection:
            if self._disk().free >= up_to_free_bytes or not _free_bytes_in(connection):
                return 0
            with transaction(connection):
                for _ in range(STEP_PAGES):  # `execute` stops after one page, whatever is asked
                    connection.execute("PRAGMA incremental_vacuum(1)")
            return _free_bytes_in(connection)

    def pin(self, media_id: int, *, is_pinned: bool) -> bool:
        """Set `media.epingle`."""
        with self._kept.transaction() as connection:
            return set_pin(connection, media_id, is_pinned=is_pinned)

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
        self._kept.close()

    def _disk(self) -> Any:
        return shutil.disk_usage(self._db.path.parent)


def _free_bytes_in(connection: sqlite3.Connection) -> int:
    (free_pages,) = connection.execute("PRAGMA freelist_count").fetchone()
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    return int(free_pages * page_bytes)
