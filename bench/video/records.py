"""What lies in `surveillance.db`, read by plain SQL as anyone else would."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import frozen

_CHUNK_BYTES = 1024 * 1024


@frozen(kw_only=True)
class StoredClip:
    """One row of `media`, with the events that it shows, the one that triggered it first."""

    media_id: int
    event_ids: tuple[str, ...]
    started_at_utc: datetime
    duration_s: float
    missing_s: float = 0.0
    clip_bytes: int
    salvaged: bool

    @property
    def ended_at_utc(self) -> datetime:
        """When its last picture ends."""
        return self.started_at_utc + timedelta(seconds=self.duration_s)


_CLIPS = """
    SELECT m.id_media, m.date_debut, m.duree, m.taille, m.recupere, group_concat(e.event_id, ' '),
           coalesce(t.duree_manquante, 0)
    FROM media m JOIN (SELECT l.id_media, e.event_id FROM media_evenement l
                       JOIN evenement e USING (id_evenement) ORDER BY id_evenement) e
         USING (id_media)
         LEFT JOIN tournage t USING (id_media)
    GROUP BY m.id_media ORDER BY m.id_media
"""


def stored_clips(database: Path) -> list[StoredClip]:
    """List the videos, the oldest first; none while there is no table yet."""
    return [
        StoredClip(
            media_id=row[0],
            event_ids=tuple(row[5].split(" ")),
            started_at_utc=datetime.fromisoformat(row[1]).replace(tzinfo=UTC),
            duration_s=float(row[2]),
            missing_s=float(row[6]),
            clip_bytes=row[3],
            salvaged=bool(row[4]),
        )
        for row in _query(database, _CLIPS)
    ]


def stored_events(database: Path) -> set[str]:
    """Name the events in `evenement`."""
    return {row[0] for row in _query(database, "SELECT event_id FROM evenement")}


def abandoned(database: Path) -> dict[str, str]:
    """Say, by event, why there will never be a video."""
    query = "SELECT event_id, raison_abandon FROM travail_clip JOIN evenement USING (id_evenement)"
    return dict(_query(database, f"{query} WHERE raison_abandon IS NOT NULL"))


def open_jobs(database: Path) -> int:
    """Count the clips that are still to come."""
    query = "SELECT count(*) FROM travail_clip WHERE raison_abandon IS NULL"
    return int(_query(database, query)[0][0])


def stray_videos(database: Path) -> list[str]:
    """Name the files beside the database that are no stored video's."""
    known = _query(database, "SELECT nom FROM fichier_media WHERE id_media IS NOT NULL")
    names = {path.name for path in (database.parent / "videos").glob("*")}
    return sorted(names - {row[0] for row in known})


def export(database: Path, media_id: int, path: Path) -> Path:
    """Copy a video out of the database, in chunks, or out of its file; returns `path`."""
    in_file = _query(database, f"SELECT nom FROM fichier_media WHERE id_media = {int(media_id)}")
    if in_file:
        shutil.copy(database.parent / "videos" / in_file[0][0], path)
        return path
    with (
        closing(sqlite3.connect(database)) as connection,
        connection.blobopen("media", "video", media_id, readonly=True) as blob,
        path.open("wb") as file,
    ):
        while chunk := blob.read(_CHUNK_BYTES):
            file.write(chunk)
    return path


def integrity(database: Path) -> str:
    """Check a copy, journal and all, so that what a kill left is not mended by looking at it.

    Returns SQLite's answer: `ok`, or the first fault.
    """
    if not database.exists():
        return "ok"
    with TemporaryDirectory(prefix="bench-integrity-") as name:
        for path in database.parent.glob(f"{database.name}*"):
            shutil.copy(path, name)
        try:
            return str(_query(Path(name) / database.name, "PRAGMA integrity_check")[0][0])
        except sqlite3.Error as error:
            return str(error)


def _query(database: Path, query: str) -> Sequence[Any]:
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
