"""Deleting videos from a real `surveillance.db`, and giving the space back."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest
from attrs import evolve

from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_adapters.sqlite.clip_jobs import SqliteClipJobs
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.pins import SqlitePins
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_adapters.sqlite.video_stock import SqliteVideoStock
from surveil_core.events import CLOCK_NOT_SET
from surveil_core.ports.preview import ClipPreview
from surveil_core.retention import RetentionPolicy
from surveil_core.services.retaining import CHECK_EVERY_S, Retaining
from tests.contracts.clip_jobs import film
from tests.contracts.pins import PinsContract, PinSite
from tests.contracts.video_stock import PREVIEW, VideoStockContract
from tests.examples import SENSORS, clip_of
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.clock import FakeClock
from tests.integration.sqlite_files import mounted_disk, python, query, written_bytes
from tests.integration.stored_clips import (
    MEDIA_STORES,
    leaf_pages,
    overwrite_pages,
    root_page,
    store_clips,
    video_page,
)

MIB = 1024 * 1024


@pytest.fixture
def db(tmp_path: Path) -> SurveillanceDb:
    """Name a database with events 1 to 4, of which 4 has no video yet."""
    db = SurveillanceDb(path=tmp_path / "data" / "surveillance.db", sensors=SENSORS)
    with closing(SqliteEventStore(db)) as events:
        events.add_events([film(number) for number in range(1, 5)])
    return db


def add_video(
    db: SurveillanceDb,
    folder: Path,
    *event_row_ids: int,
    size_bytes: int,
    preview: ClipPreview | None = None,
    place: str = "database",
) -> None:
    """Store a clip of so many bytes."""
    with closing(MEDIA_STORES[place](db)) as media:
        clip = clip_of(folder / "clip.mp4", os.urandom(size_bytes))
        media.add_clip(clip, event_row_ids=event_row_ids, preview=preview)


class TestSqliteVideoStock(VideoStockContract):
    @pytest.fixture
    def places(self) -> Sequence[str]:
        """Say where each video lies."""
        return ("database", "database", "database")

    @pytest.fixture
    def stock(
        self, db: SurveillanceDb, tmp_path: Path, places: Sequence[str]
    ) -> Iterator[SqliteVideoStock]:
        for number, place in enumerate(places, start=1):
            size_bytes = 100_000 - PREVIEW.size_bytes
            add_video(db, tmp_path, number, size_bytes=size_bytes, preview=PREVIEW, place=place)
        with closing(SqliteVideoStock(db)) as stock:
            yield stock


class TestSqliteVideoStockOfFiles(TestSqliteVideoStock):
    @pytest.fixture
    def places(self) -> Sequence[str]:
        return ("files", "files", "files")


class TestSqliteVideoStockOfBoth(TestSqliteVideoStock):
    @pytest.fixture
    def places(self) -> Sequence[str]:
        return ("files", "database", "files")


def pinned_in(db: SurveillanceDb) -> list[int]:
    """Look which videos are pinned."""
    rows = query(db.path, "SELECT id_media FROM epingle_media ORDER BY id_media")
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


@pytest.fixture
def stock(db: SurveillanceDb) -> Iterator[SqliteVideoStock]:
    """Give the stock of `db`."""
    with closing(SqliteVideoStock(db)) as stock:
        yield stock


def test_age_of_a_video_is_unknown_where_its_clock_was_not_set(
    db: SurveillanceDb, stock: SqliteVideoStock, tmp_path: Path
) -> None:
    """A Pi that was off for long films with its last time; nobody takes that for an old video."""
    unset = evolve(film(5).event, extra=CLOCK_NOT_SET)
    with closing(SqliteEventStore(db)) as events:
        events.add_events([evolve(film(5), event=unset)])
    for row_id in (1, 5, 2):
        add_video(db, tmp_path, row_id, size_bytes=1000)
    with closing(sqlite3.connect(db.path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")  # as damage does
        connection.execute("UPDATE evenement SET metadata = '{' WHERE id_evenement = 2")
    assert [video.started_at_utc is None for video in stock.oldest_first()] == [False, True, False]


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


def test_a_lost_page_does_not_keep_the_oldest_from_making_room(tmp_path: Path) -> None:
    """All but its neighbours, which SQLite would move to it, goes; what is lost is still named."""
    video = os.urandom(50_000 + 2_800)  # so much in the row itself that each has its own page
    db = store_clips(tmp_path / "lost", video, clips=40)
    pages = leaf_pages(db, "media")
    overwrite_pages(db, [pages[len(pages) // 2]], new=b"\xff" * 100)
    with closing(SqliteVideoStock(db)) as stock:
        found = stock.oldest_first()
        lost = {video.media_id for video in found if video.video_bytes == 0}
        assert [video.media_id for video in found] == list(range(1, 41))
        assert lost
        assert stock.space().video_bytes == (40 - len(lost)) * len(video)
        retaining = Retaining(
            policy=RetentionPolicy(max_bytes=4 * len(video), min_free_bytes=0),
            stock=stock,
            clock=FakeClock(),
            announcer=RecordingAnnouncer(),
        )
        for _ in range(2):
            retaining.make_room()
        left = {video.media_id for video in stock.oldest_first()} - lost
    assert left >= {37, 38, 39, 40}
    assert left - {37, 38, 39, 40} <= set(range(min(lost) - 2, max(lost) + 3))


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


def test_pinning_is_no_matter_of_the_video_s_size(db: SurveillanceDb, tmp_path: Path) -> None:
    """A clip of 33 MB is neither read into memory nor written again."""
    if not Path("/proc/self/io").is_file():
        pytest.skip("this system has no /proc to read a process's size from")
    add_video(db, tmp_path, 1, size_bytes=33 * MIB)
    pinning = python(PINNER, str(db.path), stdout=subprocess.PIPE)
    said, _ = pinning.communicate(timeout=60)
    assert pinning.returncode == 0
    grown_kib, written_kib = (int(word) for word in said.split())
    assert grown_kib < 8 * 1024
    assert written_kib < 256
    assert pinned_in(db) == [1]


PINNER = """
import sys; from pathlib import Path
from surveil_adapters.sqlite.pins import SqlitePins
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
def field(name, word):
    lines = Path('/proc/self', name).read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(word))
db = SurveillanceDb(path=Path(sys.argv[1]), sensors=())
db.connect().close()
peak_kib, written_bytes = field('status', 'VmHWM'), field('io', 'wchar')
assert SqlitePins(db).pin(1, is_pinned=True)
print(field('status', 'VmHWM') - peak_kib, (field('io', 'wchar') - written_bytes) // 1024)
"""


@pytest.mark.parametrize("place", ["before the video", "behind the video"])
def test_pins_of_an_earlier_release_are_taken_over_once(
    db: SurveillanceDb, tmp_path: Path, place: str
) -> None:
    """From the column that they were, wherever it was added; no video is written again."""
    path = tmp_path / "older" / "surveillance.db"
    older = SurveillanceDb(path=path, sensors=SENSORS)
    make_version_3(path, has_pins_last=place == "behind the video")
    with closing(SqliteEventStore(older)) as events:
        events.add_events([film(number) for number in range(1, 4)])
    for number in (1, 2, 3):
        add_video(older, tmp_path, number, size_bytes=4 * MIB)
    videos = query(path, "SELECT video FROM media")
    go_back_to_version_3(path, pinned=(1, 3))
    before_bytes = written_bytes()
    older.initialise()
    assert written_bytes() - before_bytes < MIB // 2
    assert pinned_in(older) == [1, 3]
    assert query(path, "SELECT date_epingle FROM epingle_media") == [(None,), (None,)]
    assert SqlitePins(older).pin(1, is_pinned=False)
    assert pinned_in(older) == [3]
    assert [r.pinned for r in SqliteArchive(path).list_media(limit=9)] == [True, False, False]
    assert query(path, "SELECT video FROM media") == videos
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    assert query(path, "PRAGMA user_version") == query(db.path, "PRAGMA user_version")


@pytest.mark.parametrize("place", ["before the video", "behind the video"])
@pytest.mark.parametrize("lost", ["media", "media_par_evenement", "video"])
def test_damage_does_not_keep_an_earlier_release_s_file_from_being_brought_up(
    tmp_path: Path, lost: str, place: str
) -> None:
    """Events are stored, and the pins that can be read are kept."""
    db = SurveillanceDb(path=tmp_path / "older" / "surveillance.db", sensors=SENSORS)
    make_version_3(db.path, has_pins_last=place == "behind the video")
    with closing(SqliteEventStore(db)) as events:
        events.add_events([film(number) for number in range(1, 5)])
    video = os.urandom(50_000 + 2_800)  # so much in the row itself that each has its own page
    with closing(SqliteMediaStore(db)) as media:
        for number in (1, 2, 3, 4):
            clip = clip_of(tmp_path / "clip.mp4", bytes([number]) + video)
            media.add_clip(clip, event_row_ids=[number])
    go_back_to_version_3(db.path, pinned=(1, 4))
    if lost == "media":
        overwrite_pages(db, [leaf_pages(db, "media")[1]], new=b"\xff" * 100)
    elif lost == "video":
        overwrite_pages(db, [video_page(db, video[25_000:25_040])], new=b"\xff" * 4)
    else:
        overwrite_pages(db, [root_page(db, lost)], new=b"\xff" * 100)
    with closing(SqliteEventStore(db)) as events:
        events.add_events([film(5)])
    assert query(db.path, "SELECT count(*) FROM evenement") == [(5,)]
    assert pinned_in(db) == [1, 4]


_PIN_COLUMN = "epingle INTEGER NOT NULL DEFAULT 0 CHECK (epingle IN (0, 1))"


def make_version_3(path: Path, *, has_pins_last: bool) -> None:
    """Make an empty file as version 3 made it, or as it had brought up an older one."""
    folder = resources.files("surveil_adapters.sqlite")
    schema = folder.joinpath("schema.sql").read_text("utf-8")
    if not has_pins_last:
        assert "    video         BLOB" in schema
        schema = schema.replace("    video         BLOB", f"    {_PIN_COLUMN},\n    video BLOB")
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"{schema} PRAGMA user_version = 1;")
        if has_pins_last:
            connection.execute(f"ALTER TABLE media ADD COLUMN {_PIN_COLUMN}")
        connection.execute("DROP TABLE epingle_media")


def go_back_to_version_3(path: Path, *, pinned: tuple[int, ...]) -> None:
    """Name the column as version 3 did, and pin by it; the table is not there yet."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE media RENAME COLUMN epingle_avant_version_4 TO epingle")
        for media_id in pinned:
            connection.execute("UPDATE media SET epingle = 1 WHERE id_media = ?", (media_id,))
        connection.execute("DROP TABLE epingle_media")
        connection.execute("PRAGMA user_version = 3")


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


@pytest.mark.parametrize(
    ("first", "then"), [("database", "database"), ("files", "files"), ("database", "files")]
)
def test_a_small_disk_never_fills(tmp_path: Path, first: str, then: str) -> None:
    """Videos go on being stored for ever; when others take the space, they make way."""
    with mounted_disk(tmp_path / "disk", size="24m") as disk:
        db = SurveillanceDb(path=disk / "surveillance.db", sensors=SENSORS)
        with (
            closing(SqliteEventStore(db)) as events,
            closing(SqliteVideoStock(db)) as stock,
            closing(MEDIA_STORES[first](db)) as media,
            closing(MEDIA_STORES[then](db)) as later_media,
        ):
            clock, announcer = FakeClock(), RecordingAnnouncer()
            retaining = Retaining(
                policy=RetentionPolicy(min_free_bytes=6 * MIB),
                stock=stock,
                clock=clock,
                announcer=announcer,
                fills_hollow=then == "database",
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
                store = media if number < 30 else later_media
                store.add_clip(clip, event_row_ids=[stored.row_id])
                for _ in range(8):  # half a second of pictures
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
