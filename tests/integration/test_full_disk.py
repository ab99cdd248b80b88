"""Clips from the spool into `surveillance.db` on a disk of which nothing is to stay free."""

import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from surveil_adapters.spool import DiskSpool, spooled_bytes
from surveil_adapters.spool.clip import DiskSpooledClip
from surveil_adapters.sqlite.clip_jobs import SqliteClipJobs
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_adapters.sqlite.video_stock import SqliteVideoStock
from surveil_core.errors import StoreUnavailable
from surveil_core.ports.spool import FilmedEvent, Spool
from surveil_core.retention import RetentionPolicy
from surveil_core.services.retaining import Retaining
from surveil_core.services.storing import ClipStoring
from surveil_core.video import AccessUnit
from tests.contracts.clip_jobs import film
from tests.examples import SENSORS
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.clock import FakeClock
from tests.footage import TRIGGERED_AT_UTC, label_of
from tests.integration.sqlite_files import mounted_disk, query
from tests.integration.stored_clips import MEDIA_STORES

MIB = 1024 * 1024
PICTURE_BYTES = 64 * 1024


def copy_as_mp4(task: str, *, raw_path: str, video_path: str, **asked: Any) -> dict[str, Any]:
    """Take as much of the disk as an MP4 does, and leave what was written when it is full."""
    try:
        shutil.copyfile(raw_path, video_path)
    except OSError as error:
        raise StoreUnavailable(str(error)) from error
    size_bytes = Path(video_path).stat().st_size
    return {
        "size_bytes": size_bytes,
        "width": 640,
        "height": 480,
        "written": [True] * (size_bytes // PICTURE_BYTES),
        "is_sound": True,
        "preview": None,
        "no_preview_reason": "none was asked for",
    }


def filmed(spool: Spool, event: FilmedEvent, *, size_bytes: int) -> DiskSpooledClip:
    """Film so many bytes, or what the disk takes of them."""
    writer = spool.start_clip(label_of(event.event_id))
    try:
        for number in range(size_bytes // PICTURE_BYTES):
            picture = os.urandom(PICTURE_BYTES)
            writer.append(AccessUnit(annex_b=picture, keyframe=True, at_s=100 + number / 10))
    except StoreUnavailable:
        assert writer.has_pictures
    clip = writer.finish(triggered_at_utc=TRIGGERED_AT_UTC)
    assert isinstance(clip, DiskSpooledClip)
    return evolve(clip, run=copy_as_mp4)


@pytest.mark.parametrize("place", ["database", "files"])
def test_recording_goes_on_where_nothing_is_kept_free(tmp_path: Path, place: str) -> None:
    """The disk is filled to its end by videos, and by a film longer than any before."""
    with mounted_disk(tmp_path / "disk", size="24m") as disk:
        db = SurveillanceDb(path=disk / "surveillance.db", sensors=SENSORS)
        spool, clock, announcer = DiskSpool(disk / "spool"), FakeClock(), RecordingAnnouncer()
        with (
            closing(SqliteEventStore(db)) as events,
            closing(SqliteVideoStock(db, lambda: spooled_bytes(disk / "spool"))) as stock,
            closing(MEDIA_STORES[place](db)) as media,
            closing(spool),
        ):
            spool.open()
            retaining = Retaining(
                policy=RetentionPolicy(min_free_bytes=0),
                stock=stock,
                clock=clock,
                announcer=announcer,
                fills_hollow=place == "database",
            )
            storing = ClipStoring(
                store=media,
                jobs=SqliteClipJobs(db),
                clock=clock,
                announcer=announcer,
                random_unit=lambda: 0.0,
                make_room=retaining.make_room,
            )
            for number in range(30):
                [stored] = events.add_events([film(number)]).rows
                event_id = film(number).event.event_id
                event = FilmedEvent(event_row_id=stored.row_id, event_id=event_id)
                size_bytes = 12 * MIB if number == 25 else MIB + number * 50_000
                storing.add(filmed(spool, event, size_bytes=size_bytes), events=[event])
                for _ in range(400):
                    storing.step()
                    retaining.step()
                    clock.advance(0.5)
                    if not storing.waiting_clips:
                        break
                assert storing.stored_clips == number + 1, announcer.notices[-3:]
        assert query(db.path, "PRAGMA integrity_check") == [("ok",)]
        assert query(db.path, "SELECT max(id_media) FROM media") == [(30,)]
