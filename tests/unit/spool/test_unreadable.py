"""Clips that a disk does not give any more, beside others that it does."""

import errno
import io
import os
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

import pytest

from surveil_adapters.spool import DiskSpool
from surveil_adapters.spool.reading import open_to_read
from surveil_core.errors import DataLost
from surveil_core.ports.spool import SpooledClip
from tests.footage import FPS, TRIGGERED_AT_UTC, label_of, pictures


class FailingFile(io.RawIOBase):
    """Gives the first bytes of a file, and then the error of a disk."""

    def __init__(self, file: BinaryIO, code: int, good_bytes: int) -> None:
        self._file, self._code, self._left_bytes = file, code, good_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        content = self._file.read(min(len(buffer), self._left_bytes))
        if not content:
            raise OSError(self._code, os.strerror(self._code))
        self._left_bytes -= len(content)
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._file.close()
        super().close()


class FailingDisk:
    """Opens files, of which that of `name` fails behind `good_bytes`."""

    def __init__(self, code: int = errno.EIO) -> None:
        self.code, self.name, self.good_bytes = code, "", 0

    def __call__(self, path: Path) -> BinaryIO:
        file = open_to_read(path)
        if path.name != self.name:
            return file
        return BufferedReader(FailingFile(file, self.code, self.good_bytes))


@pytest.fixture
def disk() -> FailingDisk:
    """Fail nowhere yet."""
    return FailingDisk()


@pytest.fixture
def spool(tmp_path: Path, disk: FailingDisk) -> Iterator[DiskSpool]:
    """Open a spool in which an earlier run left four seconds of `evt-1` and of `evt-2`."""
    spool = DiskSpool(tmp_path / "spool", open_file=disk)
    spool.open()
    for event_id in ("evt-1", "evt-2"):
        writer = spool.start_clip(label_of(event_id))
        writer.append(*pictures())
        writer.finish(triggered_at_utc=TRIGGERED_AT_UTC)
    spool.close()
    spool.open()
    yield spool
    spool.close()


def raw_of(folder: Path, event_id: str) -> Path:
    """Find a clip's stream."""
    [path] = (folder / "spool").glob(f"recording_{event_id}_*.h264")
    return path


def both(spool: DiskSpool) -> tuple[SpooledClip, SpooledClip]:
    """List the two clips, `evt-1` first."""
    left = spool.left_clips()
    assert left.refusal is None
    first, second = sorted(left.clips, key=lambda clip: clip.spool_path)
    return first, second


def test_an_index_that_cannot_be_read_costs_no_other_clip(spool: DiskSpool, tmp_path: Path) -> None:
    """Where a directory took its place, nothing says what the clip shows; a person may see it."""
    raw_path = raw_of(tmp_path, "evt-1")
    index_path = raw_path.with_suffix(".index")
    index_path.unlink()
    index_path.mkdir()
    lost, whole = both(spool)
    assert (lost.events, lost.has_pictures, lost.cut_short) == ((), False, True)
    assert lost.unread_because == f"the disk fails to give {index_path}: Is a directory"
    with pytest.raises(DataLost):
        lost.make_video()
    raw = raw_path.read_bytes()
    assert lost.set_aside().read_bytes() == raw
    assert whole.make_video().clip.duration_s == pytest.approx(len(pictures()) / FPS)
    assert whole.unread_because is None
    assert [clip.spool_path for clip in spool.left_clips().clips if clip.raw_bytes] == [
        whole.spool_path
    ]


@pytest.mark.parametrize("suffix", [".h264", ".index"])
@pytest.mark.parametrize("whole", [0, 1, 25])
def test_what_precedes_a_lost_sector_is_whole(
    spool: DiskSpool, tmp_path: Path, disk: FailingDisk, suffix: str, whole: int
) -> None:
    """The film ends there, and says why; the file is not the same as one that is torn."""
    path = raw_of(tmp_path, "evt-1").with_suffix(suffix)
    disk.name = path.name
    disk.good_bytes = _bytes_of(whole, path)
    clip, _ = both(spool)
    assert clip.has_pictures == (whole > 0)
    if not whole:
        with pytest.raises(DataLost):
            clip.make_video()
    else:
        video = clip.make_video().clip
        assert video.salvaged
        assert video.duration_s == pytest.approx(whole / FPS)
    assert clip.unread_because == f"the disk fails to give {path}: {os.strerror(errno.EIO)}"


def _bytes_of(whole: int, path: Path) -> int:
    """Say how many bytes hold so many pictures, and a part of the next one."""
    if path.suffix == ".h264":
        return sum(len(unit.annex_b) for unit in pictures()[:whole]) + 7
    lines = path.read_bytes().splitlines(keepends=True)
    return sum(map(len, lines[: 1 + whole])) + 7


@pytest.mark.parametrize("code", [errno.EACCES, errno.ESTALE, errno.EMFILE])
def test_what_a_person_can_mend_waits_alone(
    spool: DiskSpool, tmp_path: Path, disk: FailingDisk, code: int
) -> None:
    """It is told, and no damage: nothing of it is set aside or removed."""
    index_path = raw_of(tmp_path, "evt-1").with_suffix(".index")
    disk.code, disk.name = code, index_path.name
    left = spool.left_clips()
    assert [clip.spool_path for clip in left.clips] == [raw_of(tmp_path, "evt-2")]
    assert left.refusal is not None
    assert str(index_path) in left.refusal
    assert os.strerror(code) in left.refusal
    disk.name = ""
    assert len(both(spool)) == 2


def test_a_clip_to_skip_is_not_even_read(
    spool: DiskSpool, tmp_path: Path, disk: FailingDisk
) -> None:
    """Hundreds of them would take seconds, of a thread that films."""
    first, second = both(spool)
    disk.code, disk.name = errno.EACCES, first.spool_path.with_suffix(".index").name
    left = spool.left_clips(skip={first.spool_path})
    assert left.refusal is None
    assert [clip.spool_path for clip in left.clips] == [second.spool_path]


def test_a_folder_that_is_gone_is_no_folder_of_empty_clips(
    spool: DiskSpool, tmp_path: Path
) -> None:
    """Its disk may be mounted again."""
    folder = tmp_path / "spool"
    folder.rename(tmp_path / "elsewhere")
    left = spool.left_clips()
    assert left.clips == []
    assert left.refusal is not None
    (tmp_path / "elsewhere").rename(folder)
    assert len(both(spool)) == 2
