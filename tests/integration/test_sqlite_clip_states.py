"""What became of videos, from `surveillance.db` to the archive; previews in older files."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_adapters.sqlite.clip_jobs import SqliteClipJobs
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.pins import SqlitePins
from surveil_adapters.sqlite.surveillance_db import SCHEMA_VERSION, SurveillanceDb
from surveil_adapters.sqlite.video_stock import SqliteVideoStock
from surveil_core.errors import DataLost
from surveil_core.ports.archive import ClipState
from surveil_core.ports.preview import ClipPreview, PreviewKind
from tests.contracts.clip_jobs import film
from tests.examples import SENSORS, clip_of
from tests.integration.sqlite_files import query

PREVIEW = ClipPreview(thumbnail=b"thumbnail", strip=b"strip")


@pytest.fixture
def db(tmp_path: Path) -> SurveillanceDb:
    """Name a database with events 1 to 3 that are to be filmed, and 4 that is not."""
    db = SurveillanceDb(path=tmp_path / "surveillance.db", sensors=SENSORS)
    with closing(SqliteEventStore(db)) as events:
        events.add_events([film(number, to_film=number != 4) for number in range(1, 5)])
    return db


@pytest.fixture
def media(db: SurveillanceDb) -> Iterator[SqliteMediaStore]:
    """Write clips to `db`."""
    with closing(SqliteMediaStore(db)) as store:
        yield store


def told(db: SurveillanceDb) -> list[tuple[ClipState, str | None]]:
    """List what the archive says of the events, oldest first."""
    listed = SqliteArchive(db.path).list_events(after=0, limit=10)
    return [(record.clip_state, record.no_video_reason) for record in listed]


def test_an_event_says_what_became_of_its_video(
    db: SurveillanceDb, media: SqliteMediaStore, tmp_path: Path
) -> None:
    """Awaited, stored, given up with the reason, or none at all; a deleted one was given up."""
    media.add_clip(clip_of(tmp_path / "clip.mp4", b"video"), event_row_ids=[2])
    SqliteClipJobs(db).give_up([3], reason="no camera")
    assert told(db) == [
        (ClipState.AWAITED, None),
        (ClipState.STORED, None),
        (ClipState.GIVEN_UP, "no camera"),
        (ClipState.NONE, None),
    ]
    with closing(SqliteVideoStock(db)) as stock:
        stock.give_up([1], reason="deleted to make room")
    assert told(db)[1] == (ClipState.GIVEN_UP, "deleted to make room")


def test_pinned_video_is_told(db: SurveillanceDb, media: SqliteMediaStore, tmp_path: Path) -> None:
    """By the list and by number."""
    for number in (1, 2):
        media.add_clip(clip_of(tmp_path / "clip.mp4", b"video"), event_row_ids=[number])
    SqlitePins(db).pin(1, is_pinned=True)
    archive = SqliteArchive(db.path)
    assert [record.pinned for record in archive.list_media(limit=10)] == [False, True]
    found = archive.find_media(1)
    assert found is not None
    assert found.pinned


def test_clip_that_fails_leaves_no_preview(
    db: SurveillanceDb, media: SqliteMediaStore, tmp_path: Path
) -> None:
    """Both are stored or neither."""
    clip = clip_of(tmp_path / "clip.mp4", b"video")
    with pytest.raises(DataLost):
        media.add_clip(clip, event_row_ids=[1, 99], preview=PREVIEW)
    assert query(db.path, "SELECT count(*) FROM apercu") == [(0,)]


def test_a_video_says_when_it_begins_and_what_it_lacks(
    db: SurveillanceDb, media: SqliteMediaStore, tmp_path: Path
) -> None:
    """As it was filmed; one that an earlier release stored lacks nothing that is known."""
    clip = clip_of(tmp_path / "clip.mp4", b"video")
    media.add_clip(clip, event_row_ids=[1])
    media.add_clip(
        evolve(clip, pre_roll_s=0.0, start_delay_s=1.25, missing_s=4.5), event_row_ids=[2]
    )
    media.close()
    with closing(sqlite3.connect(db.path)) as connection:
        connection.executescript("DELETE FROM tournage WHERE id_media = 1")
    found = SqliteArchive(db.path).list_media(limit=9)
    assert [(one.start_delay_s, one.missing_s) for one in found] == [(1.25, 4.5), (0, 0)]
    with closing(SqliteVideoStock(db)) as stock:
        stock.give_up([2], reason="deleted to make room")
    assert query(db.path, "SELECT count(*) FROM tournage") == [(0,)]


def test_file_of_version_2_is_migrated_in_place(
    db: SurveillanceDb, media: SqliteMediaStore, tmp_path: Path
) -> None:
    """Its videos stay as they are and have no preview; the next one has."""
    clip = clip_of(tmp_path / "clip.mp4", b"video")
    media.add_clip(clip, event_row_ids=[1])
    media.close()
    with closing(sqlite3.connect(db.path)) as connection:
        connection.executescript(
            "DROP TABLE apercu; DROP TABLE tournage;"
            "DROP TABLE epingle_media; DROP TABLE fichier_media;"
            "PRAGMA user_version = 2;"
        )
    with closing(SqliteMediaStore(db)) as later:
        later.add_clip(clip, event_row_ids=[2], preview=PREVIEW)
    archive = SqliteArchive(db.path)
    pictures = [archive.read_preview(number, PreviewKind.THUMBNAIL) for number in (1, 2)]
    assert pictures == [None, b"thumbnail"]
    assert archive.read_video(1, offset=0, length=10) == b"video"
    assert query(db.path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert query(db.path, "PRAGMA integrity_check") == [("ok",)]


DAMAGED_VALUES = {
    "date_reception": "'soon'",
    "metadata": "'{'",
    "source": "CAST(X'50ff52' AS TEXT)",
    "type_evenement": "'MOTION'",
}


@pytest.mark.parametrize("column", DAMAGED_VALUES)
def test_damaged_event_hides_no_others(db: SurveillanceDb, column: str) -> None:
    """It is listed as far as it can be read, and its clip job is one of which that is known."""
    with closing(sqlite3.connect(db.path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")  # as damage does
        connection.execute(
            f"UPDATE evenement SET {column} = {DAMAGED_VALUES[column]} WHERE id_evenement = 2"
        )
    events = SqliteArchive(db.path).list_events(after=0, limit=10)
    listed = {event.cursor: event.damaged for event in events}
    assert listed.pop(2, True) is (column != "source")
    assert listed == {1: False, 3: False, 4: False}
    jobs = SqliteClipJobs(db).open_jobs()
    assert [job.event_row_id for job in jobs] == [1, 2, 3]
    is_readable = [None not in (job.event_type, job.received_at_utc) for job in jobs]
    assert is_readable == [True, column in ("source", "metadata"), True]
