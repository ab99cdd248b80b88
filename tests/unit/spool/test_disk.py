"""The folder of the clips: names, the lock, and disks that refuse."""

import os
import resource
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from surveil_adapters.spool import DiskSpool, safe_name, spooled_bytes
from surveil_adapters.spool.clip import ASIDE, DiskSpooledClip
from surveil_adapters.spool.writer import SYNC_EVERY_S, DiskClipWriter
from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.ports.spool import KEPT_FREE_BYTES, mp4_room_bytes
from tests.contracts.spool import SpoolContract
from tests.fakes.spool import FakeSpool
from tests.footage import FPS, TRIGGERED_AT_UTC, label_of, pictures


class TestDiskSpool(SpoolContract):
    @pytest.fixture
    def spool(self, tmp_path: Path) -> DiskSpool:
        return DiskSpool(tmp_path / "spool")


class TestFakeSpool(SpoolContract):
    @pytest.fixture
    def spool(self) -> FakeSpool:
        return FakeSpool()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Name a folder that is not there yet."""
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Iterator[DiskSpool]:
    """Open an empty spool."""
    spool = DiskSpool(folder)
    spool.open()
    yield spool
    spool.close()


@given(st.text(max_size=300))
def test_no_event_id_leaves_the_folder(event_id: str) -> None:
    """Whatever the id, the name is one path component of bounded length."""
    name = f"recording_{safe_name(event_id)}_1737123456.h264"
    assert Path("/spool", name).parent == Path("/spool")
    assert len(name.encode()) <= 120
    assert name.isprintable()


def test_an_older_file_of_the_same_name_is_left_alone(spool: DiskSpool) -> None:
    """What an earlier run could not store is never overwritten."""
    writers = [spool.start_clip(label_of("../evt-1")) for _ in range(2)]
    unix_s = int(TRIGGERED_AT_UTC.timestamp())
    assert [writer.spool_path.name for writer in writers] == [
        f"recording_.._evt-1_{unix_s}.h264",
        f"recording_.._evt-1_{unix_s}_1.h264",
    ]
    first, second = (writer.finish(triggered_at_utc=TRIGGERED_AT_UTC) for writer in writers)
    second.discard()
    assert first.spool_path.exists()
    assert not second.spool_path.exists()


@pytest.mark.parametrize("suffix", [".h264", ".index", ".mp4"])
def test_a_name_of_which_anything_is_left_is_not_taken(folder: Path, suffix: str) -> None:
    """Killed while it removed a clip, a program leaves some of its files.

    They go when the next one gets to them, and must not take a new clip with them.
    """
    folder.mkdir()
    unix_s = int(TRIGGERED_AT_UTC.timestamp())
    (folder / f"recording_evt-1_{unix_s}{suffix}").write_bytes(b"")
    spool = DiskSpool(folder)
    spool.open()
    [left] = spool.left_clips().clips
    first = spool.start_clip(label_of("evt-1"))
    left.discard()
    second = spool.start_clip(label_of("evt-1"))
    names = [writer.spool_path.name for writer in (first, second)]
    assert names == [f"recording_evt-1_{unix_s}_{number}.h264" for number in (1, 2)]
    for writer in (first, second):
        for unit in pictures():
            writer.append(unit)
        assert not writer.finish(triggered_at_utc=TRIGGERED_AT_UTC).make_video().clip.salvaged
    spool.close()


def test_a_clip_of_another_release_is_set_aside(folder: Path) -> None:
    """An index that this release cannot read stops nobody from filming, and is kept."""
    folder.mkdir()
    content = b'{"clip":{"event":[1,"evt-1"],"since":7}}'
    (folder / "recording_evt-1_1.index").write_bytes(b"%08x %s\n" % (zlib.crc32(content), content))
    (folder / "recording_evt-1_1.h264").write_bytes(b"pictures")
    spool = DiskSpool(folder)
    spool.open()
    [left] = spool.left_clips().clips
    assert (left.events, left.has_pictures, left.cut_short) == ((), False, True)
    with pytest.raises(DataLost):
        left.make_video()
    assert "of another release" in (left.unread_because or "")
    for _ in range(2):
        assert left.set_aside() == folder / "set_aside" / "recording_evt-1_1.h264"
    assert [path.name for path in folder.iterdir()] == ["set_aside"]
    assert (folder / "set_aside" / "recording_evt-1_1.h264").read_bytes() == b"pictures"
    assert (folder / "set_aside" / "recording_evt-1_1.index").exists()
    spool.close()


def test_a_deserted_folder_is_taken_over_unless_another_has_it(folder: Path) -> None:
    """What lies there is left to this spool, and to no other as long as it is open."""
    deserted = [folder / "camera-2", folder / "camera-3"]
    other = DiskSpool(deserted[1])
    for one in (DiskSpool(deserted[0]), other):
        one.open()
        one.start_clip(label_of("evt-1")).finish(triggered_at_utc=TRIGGERED_AT_UTC)
        if one is not other:
            one.close()
    spool = DiskSpool(folder, deserted=lambda: deserted)
    for _ in range(2):
        spool.open()
        [left] = spool.left_clips().clips
        assert left.spool_path.parent == deserted[0]
        with pytest.raises(StoreUnavailable, match="another process films into"):
            DiskSpool(deserted[0]).open()
        spool.close()
    other.close()


def test_what_will_be_stored_is_measured_with_the_spools_below(folder: Path) -> None:
    """The raw streams of all cameras, and nothing that was set aside."""
    assert spooled_bytes(folder) == 0
    for number, place in enumerate((folder, folder / "camera-2", folder / ASIDE), start=1):
        place.mkdir()
        for suffix in (".h264", ".index", ".mp4"):
            (place / f"recording_evt-{number}_1{suffix}").write_bytes(bytes(10**number))
    assert spooled_bytes(folder) == 110


def test_a_file_that_cannot_be_measured_counts_as_nothing(folder: Path) -> None:
    """A link to itself stands for a damaged entry: it stops no video from making room."""
    folder.mkdir()
    (folder / "recording_evt-1_1.h264").symlink_to(folder / "recording_evt-1_1.h264")
    (folder / "recording_evt-2_1.h264").write_bytes(bytes(100))
    assert spooled_bytes(folder) == 100


def test_a_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    """The error says where, why, and what to do; a later try may do better."""
    folder.write_text("a file is in the way")
    spool = DiskSpool(folder)
    with pytest.raises(StoreUnavailable, match=r"cannot write a clip in .*spool"):
        spool.open()
    folder.unlink()
    spool.open()
    spool.close()


def test_a_folder_that_went_away_is_named(spool: DiskSpool, folder: Path) -> None:
    """An unmounted disk fails the clip."""
    folder.rmdir()
    with pytest.raises(StoreUnavailable, match=r"cannot write a clip in .*spool"):
        spool.start_clip(label_of())


def test_another_process_cannot_take_the_spool(spool: DiskSpool, folder: Path) -> None:
    """It is told what to do; when its owner is gone, however that ended, it can."""
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from surveil_adapters.spool import DiskSpool\n"
        "DiskSpool(Path(sys.argv[1])).open()\n"
        "print('taken', flush=True)\nsys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    refused = subprocess.run(
        command, env=environment, capture_output=True, text=True, input="", check=False
    )
    assert "another process films into" in refused.stderr
    spool.close()
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"taken\n"
        with pytest.raises(StoreUnavailable, match="another storage"):
            spool.open()
        owner.send_signal(signal.SIGKILL)
    spool.open()


def test_files_of_others_are_left_alone(folder: Path) -> None:
    """What does not look like a clip's is no leftover."""
    folder.mkdir()
    (folder / "holiday.mp4").write_bytes(b"mine")
    (folder / "recording_notes.txt").write_bytes(b"mine")
    (folder / "recording_evt-1_1.mp4").write_bytes(b"half a video")
    spool = DiskSpool(folder)
    spool.open()
    [left] = spool.left_clips().clips
    assert (left.events, left.has_pictures, left.cut_short) == ((), False, True)
    left.discard()
    assert sorted(path.name for path in folder.iterdir()) == ["holiday.mp4", "recording_notes.txt"]
    spool.close()


@contextmanager
def files_limited_to(limit_bytes: int) -> Iterator[None]:
    """Make the kernel refuse longer files, as a full disk refuses."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_a_disk_that_fills_keeps_what_was_written(spool: DiskSpool) -> None:
    """The picture that did not fit is torn, and the clip plays to the one before."""
    writer = spool.start_clip(label_of())
    for unit in pictures()[:20]:
        writer.append(unit)
    with (
        files_limited_to(writer.spool_path.stat().st_size + 5),
        pytest.raises(StoreUnavailable, match="cannot write"),
    ):
        writer.append(pictures()[20])
    clip = writer.finish(triggered_at_utc=TRIGGERED_AT_UTC)
    assert (clip.cut_short, clip.has_pictures) == (True, True)
    video = clip.make_video().clip
    assert video.salvaged
    assert video.duration_s == pytest.approx(20 / FPS)


def test_a_film_leaves_the_disk_what_the_database_needs(folder: Path) -> None:
    """Full to the last byte, it could not even delete the videos that are to make room."""
    folder.mkdir()
    path = folder / "recording_1.h264"
    path.touch()
    disk_bytes = KEPT_FREE_BYTES + sum(len(unit.annex_b) for unit in pictures()[:20])
    writer = DiskClipWriter(
        path, label_of(), free_bytes=lambda folder: disk_bytes - path.stat().st_size
    )
    with pytest.raises(StoreUnavailable, match="No space left"):
        writer.append(*pictures())
    clip = writer.finish(triggered_at_utc=TRIGGERED_AT_UTC)
    assert disk_bytes - path.stat().st_size == KEPT_FREE_BYTES
    assert clip.cut_short
    assert clip.make_video().clip.duration_s == pytest.approx(20 / FPS)


def test_a_clip_that_cannot_begin_leaves_no_file(spool: DiskSpool, folder: Path) -> None:
    """A full disk is not filled with names of clips that never were."""
    for _ in range(3):
        with files_limited_to(0), pytest.raises(StoreUnavailable, match="cannot write a clip"):
            spool.start_clip(label_of())
    assert list(folder.iterdir()) == []


def test_an_mp4_that_does_not_fit_can_be_made_later(spool: DiskSpool) -> None:
    """A full disk is no fault of the film."""
    writer = spool.start_clip(label_of())
    for unit in pictures():
        writer.append(unit)
    clip = writer.finish(triggered_at_utc=TRIGGERED_AT_UTC)
    with files_limited_to(1000), pytest.raises(StoreUnavailable, match="the raw video is"):
        clip.make_video()
    assert not clip.spool_path.with_suffix(".mp4").exists()
    assert not clip.make_video().clip.salvaged


def test_an_mp4_leaves_the_disk_what_the_database_needs(spool: DiskSpool) -> None:
    """It is not begun, and made as soon as there is the room that is made for it."""
    writer = spool.start_clip(label_of())
    writer.append(*pictures())
    clip = writer.finish(triggered_at_utc=TRIGGERED_AT_UTC)
    assert isinstance(clip, DiskSpooledClip)
    room_bytes = mp4_room_bytes(clip.raw_bytes)
    with pytest.raises(StoreUnavailable, match="No space left"):
        evolve(clip, free_bytes=lambda folder: room_bytes - 1).make_video()
    assert not clip.spool_path.with_suffix(".mp4").exists()
    made = evolve(clip, free_bytes=lambda folder: room_bytes).make_video()
    assert made.clip.clip_bytes < room_bytes


def test_each_second_reaches_the_disk(spool: DiskSpool) -> None:
    """What another program sees at any moment lacks no picture: nothing waits in a buffer."""
    writer = spool.start_clip(label_of())
    total = 0
    for unit in pictures():
        writer.append(unit)
        total += len(unit.annex_b)
        assert writer.spool_path.stat().st_size == total
    writer.finish(triggered_at_utc=TRIGGERED_AT_UTC).discard()


def test_a_power_cut_takes_a_second_at_most(folder: Path) -> None:
    """All of the pre-roll is forced to the disk at once, and no picture waits for long."""
    folder.mkdir()
    path = folder / "recording_1.h264"
    path.touch()
    forced_bytes: list[int] = []

    def sync(descriptor: int) -> None:
        if os.path.sameopenfile(descriptor, stream):
            forced_bytes.append(path.stat().st_size)
        os.fdatasync(descriptor)

    stream = os.open(path, os.O_RDONLY)
    writer = DiskClipWriter(path, label_of(), sync=sync)
    pre_roll, rest = pictures()[:20], pictures()[20:]
    writer.append(*pre_roll)
    on_disk_s = pre_roll[-1].at_s
    assert forced_bytes == [sum(len(unit.annex_b) for unit in pre_roll)]
    for unit in rest:
        writer.append(unit)
        if forced_bytes[-1] == path.stat().st_size:
            on_disk_s = unit.at_s
        assert unit.at_s - on_disk_s < SYNC_EVERY_S <= 1
    os.close(stream)
    writer.finish(triggered_at_utc=TRIGGERED_AT_UTC).discard()


def test_a_disk_that_fills_in_the_pre_roll_keeps_what_fits(spool: DiskSpool) -> None:
    """Pictures that come together are not lost together."""
    writer = spool.start_clip(label_of())
    fitting_bytes = sum(len(unit.annex_b) for unit in pictures()[:7])
    with files_limited_to(fitting_bytes + 5), pytest.raises(StoreUnavailable, match="cannot"):
        writer.append(*pictures()[:20])
    assert writer.has_pictures
    clip = writer.finish(triggered_at_utc=TRIGGERED_AT_UTC)
    assert (clip.cut_short, clip.has_pictures) == (True, True)
    assert clip.make_video().clip.duration_s == pytest.approx(7 / FPS)
