"""Videos in files beside a real `surveillance.db`: names, crashes, strangers, wear."""

import errno
import io
import os
import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_adapters.sqlite.clip_jobs import SqliteClipJobs
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.file_media_store import FileMediaStore
from surveil_adapters.sqlite.inspection import SqliteInspection
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_adapters.sqlite.video_files import VideoFiles, read_part
from surveil_adapters.sqlite.video_stock import SqliteVideoStock
from surveil_core.errors import ConfigurationError, DataLost, StoreDamaged, StoreUnavailable
from surveil_core.ports.camera import Clip
from surveil_core.video import VideoFormat
from tests.contracts.clip_jobs import film
from tests.examples import SENSORS, clip_of
from tests.integration.sqlite_files import (
    mounted_disk,
    python,
    query,
    read_only,
    seeded_random,
    written_bytes,
)
from tests.integration.stored_clips import MEDIA_STORES, change, file_of, files_of
from tests.waiting import wait_for

MIB = 1024 * 1024
VIDEO = os.urandom(300_000)


@pytest.fixture
def db(tmp_path: Path) -> SurveillanceDb:
    """Name a database with events 1 to 3, each to be filmed."""
    db = SurveillanceDb(
        path=tmp_path / "data" / "surveillance.db",
        sensors=SENSORS,
        camera_names=("Caméra 1", "Caméra 2"),
    )
    with closing(SqliteEventStore(db)) as events:
        events.add_events([film(number) for number in (1, 2, 3)])
    return db


@pytest.fixture
def media(db: SurveillanceDb) -> Iterator[FileMediaStore]:
    """Store clips as files."""
    with closing(FileMediaStore(db)) as media:
        yield media


@pytest.fixture
def stock(db: SurveillanceDb) -> Iterator[SqliteVideoStock]:
    """Give the stock of `db`."""
    with closing(SqliteVideoStock(db)) as stock:
        yield stock


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    """Describe a file with the bytes `VIDEO`."""
    return clip_of(tmp_path / "clip.mp4", VIDEO)


def stored(db: SurveillanceDb) -> list[tuple[int, str]]:
    """Say which video lies in which file."""
    rows = query(db.path, "SELECT id_media, nom FROM fichier_media ORDER BY id_media")
    return [(media_id, name) for media_id, name in rows]


def test_the_file_is_the_video_and_the_row_says_the_rest(
    db: SurveillanceDb, media: FileMediaStore, clip: Clip
) -> None:
    """All columns are the spec's, but `video` is empty."""
    media.add_clip(clip, event_row_ids=[1])
    assert query(
        db.path, "SELECT id_media, type_media, taille, duree, length(video), codec FROM media"
    ) == [(1, "video", len(VIDEO), 13, 0, "h264")]
    assert stored(db) == [(1, file_of(db, 1).name)]
    assert file_of(db, 1).read_bytes() == VIDEO
    assert query(db.path, "SELECT count(*) FROM travail_clip") == [(2,)]
    assert query(db.path, "PRAGMA integrity_check") == [("ok",)]


def test_names_begin_with_the_time_and_are_never_used_again(
    db: SurveillanceDb, media: FileMediaStore, stock: SqliteVideoStock, clip: Clip
) -> None:
    """Not even that of a video which was deleted."""
    seen: set[str] = set()
    for camera_number in (1, 1, 2):
        media_id = media.add_clip(evolve(clip, camera_number=camera_number), event_row_ids=[1])
        [name] = files_of(db)
        assert re.fullmatch(rf"20250115T143042Z_camera{camera_number}_[0-9a-f]{{8}}\.mp4", name)
        stock.give_up([media_id], reason="why")
        seen.add(name)
    assert len(seen) == 3


def test_deleted_video_gives_its_space_back_at_once(
    db: SurveillanceDb, media: FileMediaStore, stock: SqliteVideoStock, clip: Clip
) -> None:
    """The file goes with the row; a pinned one stays."""
    for number in (1, 2):
        media.add_clip(clip, event_row_ids=[number])
    stock.pin(2, is_pinned=True)
    stock.give_up([1, 2], reason="why")
    assert [media_id for media_id, _ in stored(db)] == [2]
    assert files_of(db) == [file_of(db, 2).name]
    assert SqliteArchive(db.path).read_video(1, offset=0, length=10) == b""
    assert SqliteArchive(db.path).read_video(2, offset=0, length=10) == VIDEO[:10]


def test_a_video_that_is_being_read_can_be_deleted(
    db: SurveillanceDb, media: FileMediaStore, stock: SqliteVideoStock, clip: Clip
) -> None:
    """Whoever has it open reads on, and no lock is held."""
    media.add_clip(clip, event_row_ids=[1])
    with file_of(db, 1).open("rb") as reader:
        stock.give_up([1], reason="why")
        assert reader.read() == VIDEO
    assert files_of(db) == []


# --- refusals ---------------------------------------------------------------------


def test_clip_of_an_event_that_is_gone_leaves_no_file(
    db: SurveillanceDb, media: FileMediaStore, clip: Clip
) -> None:
    """Nor a name."""
    with pytest.raises(DataLost):
        media.add_clip(clip, event_row_ids=[1, 99])
    assert (stored(db), files_of(db)) == ([], [])
    assert len(SqliteClipJobs(db).open_jobs()) == 3


def test_a_locked_database_costs_no_copy(
    db: SurveillanceDb, media: FileMediaStore, clip: Clip
) -> None:
    """A clip that is tried again and again does not wear the card."""
    with closing(sqlite3.connect(db.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        before_bytes = written_bytes()
        with pytest.raises(StoreUnavailable, match="locked"):
            media.add_clip(clip, event_row_ids=[1])
        assert written_bytes() - before_bytes < len(VIDEO) // 4
    assert files_of(db) == []
    assert media.add_clip(clip, event_row_ids=[1]) == 1


def test_videos_are_deleted_though_the_disk_keeps_their_files(
    db: SurveillanceDb, media: FileMediaStore, stock: SqliteVideoStock, clip: Clip
) -> None:
    """Their bytes are said to be still there, and go as orphans when the disk lets them."""
    for number in (1, 2, 3):
        media.add_clip(clip, event_row_ids=[number])
    with read_only(db.path.parent / "videos"):
        given_up = stock.give_up([1, 2], reason="why")
        assert (given_up.media_ids, given_up.freed_bytes) == ({1, 2}, 0)
        assert "cannot remove" in str(given_up.files_stay_because)
        assert stock.space().orphan_bytes == 2 * len(VIDEO)
        with pytest.raises(StoreUnavailable, match="cannot remove"):
            stock.remove_orphans(camera_number=1)
    assert [media_id for media_id, _ in stored(db)] == [None, None, 3]
    assert stock.remove_orphans(camera_number=1) == 2 * len(VIDEO)
    assert stock.space().orphan_bytes == 0
    assert files_of(db) == [file_of(db, 3).name]


def test_one_file_that_stays_keeps_no_others(
    db: SurveillanceDb, media: FileMediaStore, stock: SqliteVideoStock, clip: Clip
) -> None:
    """Neither when videos are deleted nor when orphans are removed."""
    for number in (1, 2, 3):
        media.add_clip(clip, event_row_ids=[number])
    stubborn = file_of(db, 1)
    stubborn.unlink()
    stubborn.mkdir()
    given_up = stock.give_up([1, 2], reason="why")
    assert (given_up.media_ids, given_up.freed_bytes) == ({1, 2}, len(VIDEO))
    assert stubborn.name in str(given_up.files_stay_because)
    change(db, "UPDATE fichier_media SET id_media = NULL WHERE id_media = 3")
    with pytest.raises(StoreUnavailable, match=stubborn.name):
        stock.remove_orphans(camera_number=1)
    assert (stored(db), files_of(db)) == ([(None, stubborn.name)], [stubborn.name])
    stubborn.rmdir()
    assert stock.remove_orphans(camera_number=1) == 0
    assert stored(db) == []


def test_a_folder_that_cannot_be_had_is_unavailable(
    db: SurveillanceDb, media: FileMediaStore, clip: Clip
) -> None:
    """The text names it; once it can be had the clip is stored."""
    folder = db.path.parent / "videos"
    folder.touch()
    with pytest.raises(StoreUnavailable, match=rf"{folder}.*give this user the right"):
        media.add_clip(clip, event_row_ids=[1])
    folder.unlink()
    assert media.add_clip(clip, event_row_ids=[1]) == 1


def test_a_disk_of_its_own_is_refused(tmp_path: Path) -> None:
    """Its space would be watched by nobody."""
    files = VideoFiles.beside(tmp_path / "surveillance.db")
    files.check_disk()
    with (
        mounted_disk(tmp_path / "videos"),
        pytest.raises(ConfigurationError, match=rf"mount that disk as {tmp_path}"),
    ):
        files.check_disk()


# --- crashes ----------------------------------------------------------------------


WRITER = """
import sys; from pathlib import Path
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from tests.examples import SENSORS, clip_at
from tests.integration.stored_clips import MEDIA_STORES
store = MEDIA_STORES[sys.argv[3]](SurveillanceDb(path=Path(sys.argv[1]), sensors=SENSORS))
clip = clip_at(Path(sys.argv[2]), clip_bytes=0)
"""


def writer(program: str, db: SurveillanceDb, clip: Clip, place: str = "files") -> subprocess.Popen:
    """Start a process that has a store and a clip."""
    arguments = (str(db.path), str(clip.video_path), place)
    return python(WRITER + program, *arguments, stdout=subprocess.PIPE)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End it at once."""
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)


DEADLY = """
import os; from attrs import evolve; from surveil_core.video import VideoFormat
class Deadly(VideoFormat):
    resolution = property(lambda self: os.kill(os.getpid(), 9))
store.add_clip(evolve(clip, format=Deadly()), event_row_ids=[1])
"""
"""The row of `media` is the first that wants to know the resolution."""


def test_killed_between_the_file_and_its_row(
    db: SurveillanceDb, media: FileMediaStore, stock: SqliteVideoStock, clip: Clip
) -> None:
    """The clip is stored again from the spool: one row, one file, and no orphan."""
    running = writer(DEADLY, db, clip)
    running.communicate(timeout=30)
    assert running.returncode == -signal.SIGKILL
    [orphan] = files_of(db)
    assert stored(db) == [(None, orphan)]
    assert orphan.endswith(".mp4")
    assert SqliteInspection(db.path).find_stray_files() == []
    media_id = media.add_clip(clip, event_row_ids=[1])
    stock.remove_orphans(camera_number=1)
    name = file_of(db, media_id).name
    assert name != orphan
    assert (stored(db), files_of(db)) == ([(media_id, name)], [name])
    assert len(SqliteClipJobs(db).open_jobs()) == 2


def test_killed_while_it_copies(
    db: SurveillanceDb, stock: SqliteVideoStock, tmp_path: Path
) -> None:
    """What there is of the file goes at the next start."""
    clip = clip_of(tmp_path / "clip.mp4", os.urandom(64 * MIB))
    running = writer("store.add_clip(clip, event_row_ids=[1])", db, clip)
    wait_for("the copy", lambda: files_of(db))
    kill(running)
    stock.remove_orphans(camera_number=1)
    if [media_id for media_id, _ in stored(db)] != [1]:  # it was not faster than we
        assert (stored(db), files_of(db)) == ([], [])


def test_killed_between_the_row_and_its_file(
    db: SurveillanceDb, media: FileMediaStore, stock: SqliteVideoStock, clip: Clip
) -> None:
    """A file whose row was deleted goes at the next start."""
    for number in (1, 2):
        media.add_clip(clip, event_row_ids=[number])
    with closing(db.connect()) as connection:  # as `give_up` leaves it
        connection.execute("DELETE FROM media WHERE id_media = 1")
    assert len(files_of(db)) == 2
    stock.remove_orphans(camera_number=1)
    assert files_of(db) == [file_of(db, 2).name]


def test_what_another_camera_writes_is_no_orphan(
    db: SurveillanceDb, media: FileMediaStore, stock: SqliteVideoStock, clip: Clip
) -> None:
    """Only its own thread knows whether it is still at it."""
    removed_bytes = [stock.remove_orphans(camera_number=1)]

    class Sweeping(VideoFormat):
        """Asked when the file is there and its row is not."""

        @property
        def resolution(self) -> str:
            removed_bytes.append(stock.remove_orphans(camera_number=1))
            return super().resolution

    media_id = media.add_clip(evolve(clip, camera_number=2, format=Sweeping()), event_row_ids=[1])
    assert removed_bytes == [0, 0]
    assert files_of(db) == [file_of(db, media_id).name]


def test_what_a_crash_left_of_a_camera_is_that_camera_s(
    db: SurveillanceDb, stock: SqliteVideoStock, clip: Clip
) -> None:
    """The others cannot know that it was a crash."""
    running = writer(DEADLY.replace("evolve(clip,", "evolve(clip, camera_number=2,"), db, clip)
    running.communicate(timeout=30)
    assert stock.remove_orphans(camera_number=1) == 0
    assert len(files_of(db)) == 1
    assert stock.remove_orphans(camera_number=2) == len(VIDEO)
    assert (stored(db), files_of(db)) == ([], [])


@pytest.mark.parametrize("place", MEDIA_STORES)
def test_killed_at_any_instant(
    db: SurveillanceDb, stock: SqliteVideoStock, tmp_path: Path, place: str
) -> None:
    """Each video that there is a row of is whole, and no file is left over."""
    clip = clip_of(tmp_path / "clip.mp4", os.urandom(3 * MIB))
    random = seeded_random()
    for _ in range(6):
        running = writer(
            "while print(store.add_clip(clip, event_row_ids=[1]), flush=True) is None: pass",
            db,
            clip,
            place,
        )
        assert running.stdout is not None
        last_id = int(running.stdout.readline())
        try:
            running.wait(random.uniform(0, 0.2))
        except subprocess.TimeoutExpired:
            kill(running)
        stock.remove_orphans(camera_number=1)
        archive = SqliteArchive(db.path)
        records = archive.list_media(limit=1000)
        assert records[0].media_id >= last_id
        for record in records:
            video = archive.read_video(record.media_id, offset=0, length=4 * MIB)
            assert video == clip.video_path.read_bytes()
        assert len(files_of(db)) == (len(records) if place == "files" else 0)
        stock.give_up([record.media_id for record in records], reason="why")
    assert files_of(db) == []
    assert query(db.path, "PRAGMA integrity_check") == [("ok",)]


# --- strangers --------------------------------------------------------------------


def test_what_no_row_names_is_told_and_never_touched(
    db: SurveillanceDb, media: FileMediaStore, stock: SqliteVideoStock, clip: Clip
) -> None:
    """Such as the videos of a database that was lost."""
    media.add_clip(clip, event_row_ids=[1])
    stranger = db.path.parent / "videos" / "evidence.mp4"
    stranger.write_bytes(b"evidence")
    stock.remove_orphans(camera_number=1)
    stock.give_up([1], reason="why")
    assert files_of(db) == ["evidence.mp4"]
    assert SqliteInspection(db.path).find_stray_files() == [str(stranger)]


@pytest.mark.parametrize("name", ["../surveillance.db", "", "..", "a\0b", b"blob", 5])
def test_names_that_are_none_do_no_harm(
    db: SurveillanceDb, media: FileMediaStore, stock: SqliteVideoStock, clip: Clip, name: object
) -> None:
    """A damaged row leads to no file outside the folder."""
    media.add_clip(clip, event_row_ids=[1])
    change(db, "UPDATE fichier_media SET nom = CAST(? AS BLOB) WHERE id_media = 1", name)
    if isinstance(name, str):
        change(db, "UPDATE fichier_media SET nom = ? WHERE id_media = 1", name)
    with pytest.raises(DataLost, match="which is no file of"):
        SqliteArchive(db.path).read_video(1, offset=0, length=10)
    with pytest.raises(DataLost, match="which is no file of"):
        SqliteInspection(db.path).read_row(1)
    stock.give_up([1], reason="why")
    assert stock.oldest_first() == []
    assert db.path.exists()
    assert stored(db) == []


def test_a_missing_file_is_lost_and_told(
    db: SurveillanceDb, media: FileMediaStore, clip: Clip
) -> None:
    """Readers are told where it should be; put back, all is well."""
    media.add_clip(clip, event_row_ids=[1])
    path, inspection = file_of(db, 1), SqliteInspection(db.path)
    moved = path.rename(db.path.parent / "moved.mp4")
    with pytest.raises(DataLost, match=rf"{path} is not there"):
        SqliteArchive(db.path).read_video(1, offset=0, length=10)
    row = inspection.read_row(1)
    assert row is not None
    assert row.missing_file == str(path)
    moved.rename(path)
    row = inspection.read_row(1)
    assert row is not None
    assert (row.missing_file, row.stored_bytes) == (None, len(VIDEO))


# --- wear -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "size_bytes"),
    [("database", 2_457_600), ("files", 2_457_600), ("files", 33_000_000)],
)
def test_a_byte_stored_is_a_byte_written(
    db: SurveillanceDb, tmp_path: Path, place: str, size_bytes: int
) -> None:
    """The spec's clip, or a long one: at most 1.1 bytes are written for each.

    Of a long one SQLite writes zeros first, which the disk never sees: the bench counts that.
    """
    if not Path("/proc/self/io").is_file():
        pytest.skip("this system has no /proc to count written bytes in")
    clip = clip_of(tmp_path / "clip.mp4", os.urandom(size_bytes))
    running = writer(
        "def written():\n"
        "    lines = Path('/proc/self/io').read_text().splitlines()\n"
        "    return next(int(l.split()[1]) for l in lines if l.startswith('wchar'))\n"
        "store.add_clip(clip, event_row_ids=[1])\n"
        "before = written(); store.add_clip(clip, event_row_ids=[2]); print(written() - before)\n",
        db,
        clip,
        place,
    )
    written_bytes, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert size_bytes <= int(written_bytes) <= 1.1 * size_bytes


class FailingFile(io.BytesIO):
    """A file on a disk that refuses for a reason."""

    name = "clip.mp4"

    def __init__(self, code: int) -> None:
        super().__init__(VIDEO)
        self._code = code

    def read(self, size: int | None = -1, /) -> bytes:
        """Refuse."""
        raise OSError(self._code, os.strerror(self._code))


@pytest.mark.parametrize(
    ("code", "kind"), [(errno.EIO, StoreDamaged), (errno.EACCES, StoreUnavailable)]
)
def test_disk_that_fails_is_told_from_one_that_refuses(
    code: int, kind: type[StoreUnavailable]
) -> None:
    """The first may have lost the video, the second says nothing of it."""
    with pytest.raises(StoreUnavailable, match=r"cannot read clip\.mp4") as caught:
        read_part(FailingFile(code), offset=0, length=10)
    assert type(caught.value) is kind
