"""Deleting videos from a real `surveillance.db`, and giving the space back."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from surveil_adapters.sqlite.clip_jobs import SqliteClipJobs
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.pins import SqlitePins
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_adapters.sqlite.video_stock import SqliteVideoStock
from surveil_core.ports.previewer import ClipPreview
from surveil_core.retention import RetentionPolicy
from surveil_core.services.retaining import CHECK_EVERY_S, Retaining
from tests.contracts.clip_jobs import film
from tests.contracts.pins import PinsContract, PinSite
from tests.contracts.video_stock import VideoStockContract
from tests.examples import SENSORS, clip_of
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.clock import FakeClock
from tests.integration.sqlite_files import mounted_disk, query

MIB = 1024 * 1024


@pytest.fixture
def db(tmp_path: Path) -> SurveillanceDb:
    """Name a database with events 1 to 4, of which 4 has no video yet."""
    db = SurveillanceDb(path=tmp_path / "data" / "surveillance.db", sensors=SENSORS)
    with closing(SqliteEventStore(db)) as events:
        events.add_events([film(number) for number in range(1, 5)])
    return db


def add_video(db: SurveillanceDb, folder: Path, *event_row_ids: int, size_bytes: int) -> None:
    """Store a clip of so many bytes."""
    with closing(SqliteMediaStore(db)) as media:
        clip = clip_of(folder / "clip.mp4", os.urandom(size_bytes))
        media.add_clip(clip, event_row_ids=event_row_ids)


class TestSqliteVideoStock(VideoStockContract):
    @pytest.fixture
    def stock(self, db: SurveillanceDb, tmp_path: Path) -> Iterator[SqliteVideoStock]:
        for number in (1, 2, 3):
            add_video(db, tmp_path, number, size_bytes=100_000)
        with closing(SqliteVideoStock(db)) as stock:
            yield stock


def pinned_in(db: SurveillanceDb) -> list[int]:
    """Look which videos are pinned."""
    rows = query(db.path, "SELECT id_media FROM media WHERE epingle = 1 ORDER BY id_media")
    return [media_id for (media_id,) in rows]


class TestSqliteVideoStockAsPins(PinsContract):
    @pytest.fixture
    def site(self, db: SurveillanceDb, tmp_path: Path) -> Iterator[PinSite]:
        for number in (1, 2, 3):
            add_video(db, tmp_path, number, size_bytes=1000)
        with closing(SqliteVideoStock(db)) as stock:
            yield PinSite(pins=stock, pinned=lambda: pinned_in(db))


class TestSqlitePins(PinsContract):
    @pytest.fixture
    def site(self, db: SurveillanceDb, tmp_path: Path) -> PinSite:
        for number in (1, 2, 3):
            add_video(db, tmp_path, number, size_bytes=1000)
        return PinSite(pins=SqlitePins(db), pinned=lambda: pinned_in(db))


def written_bytes() -> int:
    """Say how much this process has handed to `write` so far."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


@pytest.fixture
def stock(db: SurveillanceDb) -> Iterator[SqliteVideoStock]:
    """Give the stock of `db`."""
    with closing(SqliteVideoStock(db)) as stock:
        yield stock


def test_events_keep_the_reason(
    db: SurveillanceDb, stock: SqliteVideoStock, tmp_path: Path
) -> None:
    """Unless another video shows them too; a job that is still open stays open."""
    add_video(db, tmp_path, 1, 2, size_bytes=1000)
    add_video(db, tmp_path, 3, 2, size_bytes=1000)
    stock.give_up([1], reason="deleted to make room")
    assert query(db.path, "SELECT * FROM travail_clip ORDER BY id_evenement") == [
        (1, "deleted to make room"),
        (4, None),
    ]
    assert [job.event_row_id for job in SqliteClipJobs(db).open_jobs()] == [4]
    assert query(db.path, "SELECT id_media, id_evenement FROM media_evenement") == [(2, 2), (2, 3)]


def test_deleted_video_takes_its_preview_along(
    db: SurveillanceDb, stock: SqliteVideoStock, tmp_path: Path
) -> None:
    """Nothing is left of it, and nothing of others is touched."""
    clip = clip_of(tmp_path / "clip.mp4", b"video")
    with closing(SqliteMediaStore(db)) as media:
        for number in (1, 2):
            preview = ClipPreview(thumbnail=b"%d" % number, strip=b"strip")
            media.add_clip(clip, event_row_ids=[number], preview=preview)
    stock.give_up([1], reason="why")
    assert query(db.path, "SELECT id_media, vignette FROM apercu") == [(2, b"2")]


def test_damaged_row_hinders_nothing(
    db: SurveillanceDb, stock: SqliteVideoStock, tmp_path: Path
) -> None:
    """Its video is of unknown age, and goes in its turn."""
    for number in (1, 2):
        add_video(db, tmp_path, number, size_bytes=1000)
    with closing(sqlite3.connect(db.path)) as connection, connection:
        connection.execute("UPDATE media SET date_debut = 'x', taille = 'y' WHERE id_media = 1")
    found = [(v.media_id, v.started_at_utc is None) for v in stock.oldest_first()]
    assert found == [(1, True), (2, False)]
    policy = RetentionPolicy(max_bytes=0, max_age_days=30, min_free_bytes=0)
    Retaining(
        policy=policy, stock=stock, clock=FakeClock(), announcer=RecordingAnnouncer()
    ).make_room()
    assert list(stock.oldest_first()) == []


def test_pins_of_one_thread_count_for_another(
    db: SurveillanceDb, stock: SqliteVideoStock, tmp_path: Path
) -> None:
    """What the page pins is not given up by the thread that makes room."""
    add_video(db, tmp_path, 1, size_bytes=1000)
    assert not stock.oldest_first()[0].is_pinned
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(SqlitePins(db).pin, 1, is_pinned=True).result()
    stock.give_up([1], reason="why")
    assert [video.is_pinned for video in stock.oldest_first()] == [True]


def test_deleted_space_is_filled_again(
    db: SurveillanceDb, stock: SqliteVideoStock, tmp_path: Path
) -> None:
    """A file at its limit does not grow, and nothing is moved in it."""
    for number in (1, 2):
        add_video(db, tmp_path, number, size_bytes=2 * MIB)
    full_bytes = db.path.stat().st_size
    stock.give_up([1], reason="why")
    assert db.path.stat().st_size == full_bytes
    add_video(db, tmp_path, 3, size_bytes=2 * MIB)
    assert db.path.stat().st_size <= full_bytes + 64 * 1024


def test_deleting_writes_next_to_nothing(
    db: SurveillanceDb, stock: SqliteVideoStock, tmp_path: Path
) -> None:
    """A card does not wear by it, and a full disk can still make room."""
    add_video(db, tmp_path, 1, size_bytes=8 * MIB)
    before_bytes = written_bytes()
    stock.give_up([1], reason="why")
    assert written_bytes() - before_bytes < MIB // 2


def test_file_gets_shorter_by_steps_while_it_is_read(
    db: SurveillanceDb, stock: SqliteVideoStock, tmp_path: Path
) -> None:
    """Each step is a transaction of its own, and what is left stays whole."""
    for number in (1, 2, 3):
        add_video(db, tmp_path, number, size_bytes=6 * MIB)
    kept = query(db.path, "SELECT video FROM media WHERE id_media = 2")
    stock.give_up([1, 3], reason="why")
    sizes_bytes = [db.path.stat().st_size]
    while stock.give_space_back(up_to_free_bytes=1 << 60):
        sizes_bytes.append(db.path.stat().st_size)
    assert len(sizes_bytes) > 2
    assert sizes_bytes == sorted(sizes_bytes, reverse=True)
    assert db.path.stat().st_size < 7 * MIB
    assert query(db.path, "SELECT video FROM media") == kept
    assert query(db.path, "PRAGMA integrity_check") == [("ok",)]


def test_free_space_is_the_disk_s_and_the_file_s(
    db: SurveillanceDb, stock: SqliteVideoStock, tmp_path: Path
) -> None:
    """What a deleted video leaves counts at once."""
    add_video(db, tmp_path, 1, size_bytes=20 * MIB)
    before = stock.space()
    stock.give_up([1], reason="why")
    assert stock.space().free_bytes - before.free_bytes >= 15 * MIB


def test_a_small_disk_never_fills(tmp_path: Path) -> None:
    """Videos go on being stored for ever; when others take the space, the file makes way."""
    with mounted_disk(tmp_path / "disk", size="24m") as disk:
        db = SurveillanceDb(path=disk / "surveillance.db", sensors=SENSORS)
        with (
            closing(SqliteEventStore(db)) as events,
            closing(SqliteVideoStock(db)) as stock,
            closing(SqliteMediaStore(db)) as media,
        ):
            clock, announcer = FakeClock(), RecordingAnnouncer()
            retaining = Retaining(
                policy=RetentionPolicy(min_free_bytes=6 * MIB),
                stock=stock,
                clock=clock,
                announcer=announcer,
            )

            def free_bytes() -> int:
                for _ in range(40):
                    clock.advance(CHECK_EVERY_S)
                    retaining.step()
                return shutil.disk_usage(disk).free

            clip = clip_of(tmp_path / "clip.mp4", os.urandom(MIB))
            for number in range(60):
                [stored] = events.add_events([film(number)]).rows
                retaining.make_room(clip.clip_bytes)
                media.add_clip(clip, event_row_ids=[stored.row_id])
                retaining.step()
            assert free_bytes() >= 6 * MIB
            kept = [video.media_id for video in stock.oldest_first()]
            assert kept == list(range(61 - len(kept), 61))
            assert len(kept) >= 10
            (disk / "log").write_bytes(os.urandom(4 * MIB))
            assert free_bytes() >= 6 * MIB
            left = [video.media_id for video in stock.oldest_first()]
            assert left == kept[-len(left) :]
            assert len(kept) - 4 <= len(left) < len(kept)
            assert announcer.kinds().count("StoreFailed") == 0
        assert query(db.path, "PRAGMA integrity_check") == [("ok",)]
