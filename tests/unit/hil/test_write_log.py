"""The log of a disk's writes: what is in it, and which disks it allows."""

import random
import struct
from pathlib import Path

import pytest

from tests.hil.campaigns.write_log import DISCARD, FLUSH, MAGIC, WriteLog

SECTOR = 512


def head(sector: int, sectors: int, flags: int = 0) -> bytes:
    return struct.pack("<QQQQ", sector, sectors, flags, 0).ljust(SECTOR, b"\0")


@pytest.fixture
def log(tmp_path: Path) -> WriteLog:
    """Write a, flush, write b and c, discard, and a head whose data the power cut."""
    file = tmp_path / "writes.log"
    file.write_bytes(
        struct.pack("<QQQI", MAGIC, 1, 0, SECTOR).ljust(SECTOR, b"\0")
        + head(0, 1)
        + b"a" * SECTOR
        + head(0, 0, FLUSH)
        + head(1, 2)
        + b"b" * 2 * SECTOR
        + head(3, 1)
        + b"c" * SECTOR
        + head(0, 1, DISCARD)
        + head(4, 1)
    )
    return WriteLog.read(file)


def test_writes_are_read_up_to_where_it_was_cut(log: WriteLog, tmp_path: Path) -> None:
    """Applied in order they make the disk."""
    assert [(write.sector, write.sectors) for write in log.writes] == [
        (0, 1),
        (0, 0),
        (1, 2),
        (3, 1),
        (0, 1),
    ]
    image = tmp_path / "image"
    image.write_bytes(b"." * 5 * SECTOR)
    with image.open("rb+") as stream:
        log.apply(stream, log.writes)
    assert image.read_bytes()[::SECTOR] == b"abbc."


def test_what_was_flushed_is_there_and_the_rest_by_chance(log: WriteLog) -> None:
    """Of the three entries after the flush every part occurs, and never what came before it."""
    assert [log.last_flush(count) for count in range(6)] == [0, 0, 2, 2, 2, 2]
    rng = random.Random(1)
    seen = {tuple(w.sector for w in log.survivors(4, rng)) for _ in range(100)}
    assert seen == {(), (1,), (3,), (1, 3)}


def test_another_file_is_refused(tmp_path: Path) -> None:
    """The text says what it begins with."""
    file = tmp_path / "image"
    file.write_bytes(b"x" * SECTOR)
    with pytest.raises(ValueError, match="begins with 0x7878"):
        WriteLog.read(file)
