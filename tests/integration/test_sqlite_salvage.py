"""The mark of a salvaged clip, from `media` to the archive, in new and in older files."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from tests.contracts.clip_jobs import film
from tests.examples import SENSORS, clip_of


@pytest.mark.parametrize("older", [False, True])
def test_salvaged_clip_is_marked(tmp_path: Path, older: bool) -> None:
    """A file that was made without the mark gets it, and its videos count as whole."""
    db = SurveillanceDb(path=tmp_path / "surveillance.db", sensors=SENSORS)
    clip = clip_of(tmp_path / "clip.mp4", b"video")
    with closing(SqliteEventStore(db)) as events, closing(SqliteMediaStore(db)) as media:
        events.add_events([film(1)])
        media.add_clip(clip, event_row_ids=[1])
    if older:
        with closing(sqlite3.connect(db.path)) as connection:
            connection.execute("ALTER TABLE media DROP COLUMN recupere")
    with closing(SqliteMediaStore(db)) as media:
        media.add_clip(evolve(clip, salvaged=True), event_row_ids=[1])
    archive = SqliteArchive(db.path)
    assert [record.salvaged for record in archive.list_media(limit=10)] == [True, False]
    assert archive.read_video(2, offset=0, length=100) == b"video"
