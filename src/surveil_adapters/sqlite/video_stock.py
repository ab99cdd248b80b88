"""Table `media` as what takes space: what it has, what may go, and giving the space back.

A video that is deleted from the database leaves free pages in it, which the next videos fill;
as long as the disk has space for others, nothing is moved. One that lies in a file gives its
space back with it.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Collection, Sequence
from typing import Any

from attrs import define, field

from surveil_adapters.sqlite.connection import KeptConnection, transaction
from surveil_adapters.sqlite.damaged_media import readable_ids, skipping_damage
from surveil_adapters.sqlite.pins import set_pin
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_adapters.sqlite.video_files import (
    VideoFiles,
    orphan_bytes,
    remove_files,
    remove_orphans,
)
from surveil_core.errors import StoreDamaged
from surveil_core.messages import maybe_timestamp
from surveil_core.ports.video_stock import GivenUp
from surveil_core.retention import KeptVideo, Space

STEP_PAGES = 64
"""How many free pages (256 KiB) are given back at a time: until the commit, the rollback
journal takes twice as much of a disk that has little.
"""

MAX_LOST = 100
"""How many videos that cannot be deleted are passed over at a time: more is no matter of a page."""

_KEPT = """
    SELECT m.id_media, m.taille + coalesce(length(a.vignette) + length(a.bande), 0),
           CASE WHEN (SELECT CASE WHEN json_valid(e.metadata)
                                  THEN json_type(e.metadata, '$.clock_synced') END
                      FROM evenement e WHERE e.id_evenement = m.id_evenement) IS 'false'
                THEN NULL ELSE m.date_debut END,
           EXISTS (SELECT 1 FROM epingle_media p WHERE p.id_media = m.id_media)
    FROM media m LEFT JOIN apercu a USING (id_media)
"""
"""Lengths stand in the rows: no video and no picture is read."""

_ALL_KEPT = f"{_KEPT} ORDER BY m.id_media"
_ONE_KEPT = f"{_KEPT} WHERE m.id_media = ?"

_STORED = "SELECT id_media FROM media WHERE id_media IN (SELECT value FROM json_each(:ids))"
_KEEP_REASON = """
    INSERT INTO travail_clip (id_evenement, raison_abandon)
    SELECT DISTINCT id_evenement, :reason FROM media_evenement
    WHERE id_media IN (SELECT value FROM json_each(:ids))
    AND id_media NOT IN (SELECT id_media FROM epingle_media)
    ON CONFLICT (id_evenement) DO UPDATE SET raison_abandon = excluded.raison_abandon
"""
_FILES = """
    SELECT nom FROM fichier_media WHERE id_media IN (SELECT value FROM json_each(:ids))
    AND id_media NOT IN (SELECT id_media FROM epingle_media)
"""
_DELETE = """
    DELETE FROM media WHERE id_media IN (SELECT value FROM json_each(:ids))
    AND id_media NOT IN (SELECT id_media FROM epingle_media)
"""
_FORGET_REASON = """
    DELETE FROM travail_clip WHERE raison_abandon = :reason
    AND id_evenement IN (SELECT id_evenement FROM media_evenement)
"""
"""Of events that another video shows as well."""


@define
class SqliteVideoStock:
    """A `VideoStock` on `surveillance.db` and the files beside it; opens that at the first call.

    `measure_spool` says how many bytes of clips will be stored; it may raise `StoreUnavailable`.
    """

    _db: SurveillanceDb
    _measure_spool: Callable[[], int] = lambda: 0
    _files: VideoFiles = field(init=False)
    _kept: KeptConnection = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._files = VideoFiles.beside(self._db.path)
        self._kept = KeptConnection(path=self._db.path, open=self._db.connect)

    def space(self) -> Space:
        """Say what the videos take, and what is free for them, in the file and beside it."""
        video_bytes = sum(row[1] for row in self._rows() if isinstance(row[1], int))
        with self._kept.reading() as connection:
            hollow_bytes = _free_bytes_in(connection)
        doomed_bytes = orphan_bytes(self._kept, self._files)
        disk = self._disk()
        return Space(
            video_bytes=video_bytes,
            free_bytes=disk.free + hollow_bytes,
            disk_bytes=disk.total,
            hollow_bytes=hollow_bytes,
            orphan_bytes=doomed_bytes,
            spooled_bytes=self._measure_spool(),
        )

    def oldest_first(self) -> Sequence[KeptVideo]:
        """List the videos in the order in which they were stored, those of damaged rows too."""
        return [
            KeptVideo(
                media_id=row[0],
                video_bytes=row[1] if isinstance(row[1], int) else 0,
                started_at_utc=maybe_timestamp(row[2]),
                is_pinned=bool(row[3]),
            )
            for row in self._rows()
        ]

    def give_up(self, media_ids: Collection[int], *, reason: str) -> GivenUp:
        """Delete videos in one transaction, and their files after it.

        `travail_clip` keeps the reason of their events. Where a page is damaged each goes by
        itself, as far as it can; that none can is raised.
        """
        try:
            stored, names = self._delete(media_ids, reason)
        except StoreDamaged:
            stored, names = self._delete_each(media_ids, reason)
        removal = remove_files(self._kept, self._files, names)
        return GivenUp(
            media_ids=stored,
            freed_bytes=removal.freed_bytes,
            files_stay_because=None if removal.failure is None else str(removal.failure),
        )

    def _delete(self, media_ids: Collection[int], reason: str) -> tuple[set[int], list[str]]:
        """Say which went, and what their files are called."""
        values = {"ids": json.dumps(sorted(media_ids)), "reason": reason}
        with self._kept.transaction() as connection:
            names = [name for (name,) in connection.execute(_FILES, values)]
            stored = {media_id for (media_id,) in connection.execute(_STORED, values)}
            connection.execute(_KEEP_REASON, values)
            connection.execute(_DELETE, values)
            connection.execute(_FORGET_REASON, values)
            stored -= {media_id for (media_id,) in connection.execute(_STORED, values)}
        return stored, names

    def _delete_each(self, media_ids: Collection[int], reason: str) -> tuple[set[int], list[str]]:
        gone: set[int] = set()
        names: list[str] = []
        failures: list[StoreDamaged] = []
        for media_id in media_ids:
            try:
                its_id, its_names = self._delete([media_id], reason)
            except StoreDamaged as error:
                failures.append(error)
                if len(failures) == MAX_LOST:
                    break
            else:
                gone |= its_id
                names += its_names
        if failures and not gone:
            raise failures[-1]
        return gone, names

    def remove_orphans(self, *, camera_number: int) -> int:
        """Remove the files of `fichier_media` that no video has."""
        return remove_orphans(self._kept, self._files, camera_number=camera_number)

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
        """Set or take the pin, in `epingle_media`."""
        with self._kept.transaction() as connection:
            return set_pin(connection, media_id, is_pinned=is_pinned)

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
        self._kept.close()

    def _rows(self) -> Sequence[tuple[Any, ...]]:
        """Read what is known of each video, one by one where a page is damaged."""
        try:
            with self._kept.reading() as connection:
                return connection.execute(_ALL_KEPT).fetchall()
        except StoreDamaged:
            with self._kept.reading() as connection:
                rows = [r for i in readable_ids(connection) for r in _row_of(connection, i)]
            if not rows:
                raise
            return rows

    def _disk(self) -> Any:
        return shutil.disk_usage(self._db.path.parent)


def _row_of(connection: sqlite3.Connection, media_id: int) -> Sequence[tuple[Any, ...]]:
    """Read a row of `_KEPT`, of which the number alone is known if it is lost; none if it went."""
    with skipping_damage():
        return connection.execute(_ONE_KEPT, (media_id,)).fetchall()
    return [(media_id, None, None, False)]


def _free_bytes_in(connection: sqlite3.Connection) -> int:
    (free_pages,) = connection.execute("PRAGMA freelist_count").fetchone()
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    return int(free_pages * page_bytes)
