"""A `surveillance.db` with real clips, and ways to damage it as disks and hands do."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from attrs import evolve

from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.file_media_store import FileMediaStore
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.video import VideoFormat
from tests.contracts.clip_jobs import film
from tests.examples import SENSORS, clip_of, event_number
from tests.integration.sqlite_files import query

MEDIA_STORES: dict[str, type[SqliteMediaStore] | type[FileMediaStore]] = {
    "database": SqliteMediaStore,
    "files": FileMediaStore,
}
"""Where new clips may go."""

SIZE = "320x180"
DURATION_S = 3.0


def store_clips(folder: Path, mp4: bytes, *, clips: int, place: str = "database") -> SurveillanceDb:
    """Store the same video for each of the events 1, 2 and so on, as clip 1, 2 and so on."""
    db = SurveillanceDb(path=folder / "surveillance.db", sensors=SENSORS)
    spooled = folder / "spooled.mp4"
    folder.mkdir(exist_ok=True)
    clip = evolve(
        clip_of(spooled, mp4),
        duration_s=DURATION_S,
        pre_roll_s=1.0,
        format=VideoFormat.parse(SIZE, 15),
    )
    with closing(SqliteEventStore(db)) as events, closing(MEDIA_STORES[place](db)) as media:
        events.add_events([film(number) for number in range(1, clips + 1)])
        for number in range(1, clips + 1):
            media.add_clip(clip, event_row_ids=[number])
    spooled.unlink()
    return db


def event_of(media_id: int) -> str:
    """Name the event of a clip that `store_clips` stored."""
    return event_number(media_id).event_id


def change(db: SurveillanceDb, sql: str, *values: object) -> None:
    """Do what a careless hand may do: nothing is checked."""
    with closing(sqlite3.connect(db.path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(sql, values)


def file_of(db: SurveillanceDb, media_id: int) -> Path:
    """Name the file of a video that lies in one."""
    [(name,)] = query(db.path, "SELECT nom FROM fichier_media WHERE id_media = ?", media_id)
    return db.path.parent / "videos" / str(name)


def files_of(db: SurveillanceDb) -> list[str]:
    """Name all that lies beside the database as a video."""
    return sorted(path.name for path in (db.path.parent / "videos").glob("*"))


def overwrite_video(db: SurveillanceDb, media_id: int, *, offset: int, new: bytes) -> None:
    """Put other bytes into a video."""
    with (
        closing(sqlite3.connect(db.path)) as connection,
        connection,
        connection.blobopen("media", "video", media_id) as blob,
    ):
        blob.seek(offset)
        blob.write(new)


def overwrite_pages(db: SurveillanceDb, pages: Sequence[int], *, new: bytes) -> None:
    """Put other bytes at the beginning of pages of the file, as a dying disk does."""
    page_bytes = _page_bytes(db)
    with db.path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * page_bytes)
            file.write(new)


def video_page(db: SurveillanceDb, piece: bytes) -> int:
    """Say which page holds these bytes of a video; of several, the last."""
    found = db.path.read_bytes().rfind(piece)
    assert found > 0
    return found // _page_bytes(db) + 1


def root_page(db: SurveillanceDb, name: str) -> int:
    """Say which page a table or an index begins with; a small one has no other."""
    [(root,)] = query(db.path, "SELECT rootpage FROM sqlite_master WHERE name = ?", name)
    return int(root)


def leaf_pages(db: SurveillanceDb, table: str) -> Sequence[int]:
    """Say which pages hold the rows of a table that one page alone cannot hold.

    See "B-tree Pages" in SQLite's file format.
    """
    root = root_page(db, table)
    page_bytes = _page_bytes(db)
    page = db.path.read_bytes()[(root - 1) * page_bytes : root * page_bytes]
    assert page[0] == 5, f"{table} has one leaf only"
    cells = int.from_bytes(page[3:5])
    starts = [int.from_bytes(page[12 + 2 * n : 14 + 2 * n]) for n in range(cells)]
    children = [int.from_bytes(page[start : start + 4]) for start in starts]
    return [*children, int.from_bytes(page[8:12])]


def _page_bytes(db: SurveillanceDb) -> int:
    return int.from_bytes(db.path.read_bytes()[16:18])
