"""What a disk was given to write, in its order, and what it may hold when the power goes.

QEMU's `blklogwrites` driver writes the format of the kernel's dm-log-writes
(Documentation/admin-guide/device-mapper/log-writes.rst): a sector with the super block, then for
each write a sector with its head, and its data.
"""

import random
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from attrs import frozen

MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD = 1, 2, 4
_SUPER, _HEAD = struct.Struct("<QQQI"), struct.Struct("<QQQQ")


@frozen(kw_only=True)
class Write:
    """One entry: `data_at` is where its data begins in the log, `ends_at` where the next begins."""

    sector: int
    sectors: int
    flags: int
    data_at: int
    ends_at: int

    @property
    def is_flush(self) -> bool:
        """Whether all that came before it must be on the disk from now on."""
        return bool(self.flags & FLUSH)


@frozen
class WriteLog:
    """A log that is complete up to where the machine was killed."""

    file: Path
    sector_bytes: int
    writes: Sequence[Write]

    @classmethod
    def read(cls, file: Path) -> "WriteLog":
        """Read the heads. Raises `ValueError` when this is no such log."""
        with file.open("rb") as stream:
            magic, _, _, sector_bytes = _SUPER.unpack(stream.read(_SUPER.size))
            if magic != MAGIC:
                raise ValueError(f"{file} begins with {magic:#x}, expected {MAGIC:#x}")
            return cls(file, sector_bytes, tuple(_heads(stream, sector_bytes)))

    def apply(self, image: BinaryIO, writes: Sequence[Write]) -> None:
        """Write these to an image."""
        with self.file.open("rb") as log:
            for write in writes:
                image.seek(write.sector * self.sector_bytes)
                log.seek(write.data_at)
                image.write(log.read(write.ends_at - write.data_at))

    def last_flush(self, count: int) -> int:
        """Say how many of the first `count` writes are on the disk for sure."""
        for index in range(count, 0, -1):
            if self.writes[index - 1].is_flush:
                return index
        return 0

    def survivors(self, count: int, rng: random.Random) -> Sequence[Write]:
        """Choose those of the writes since the last flush that the disk had time for.

        A disk with a cache of its own writes in any order: each write is there or not.
        """
        since_flush = self.writes[self.last_flush(count) : count]
        return [write for write in since_flush if write.flags & FUA or rng.random() < 0.5]


def _heads(stream: BinaryIO, sector_bytes: int) -> Iterator[Write]:
    """Read entry after entry; the last one may have been cut."""
    size = stream.seek(0, 2)
    at = sector_bytes
    while at + sector_bytes <= size:
        stream.seek(at)
        sector, sectors, flags, _ = _HEAD.unpack(stream.read(_HEAD.size))
        data_at = at + sector_bytes
        ends_at = data_at + (0 if flags & DISCARD else sectors * sector_bytes)
        if ends_at > size or (sectors == 0 and flags == 0):
            return
        yield Write(sector=sector, sectors=sectors, flags=flags, data_at=data_at, ends_at=ends_at)
        at = ends_at
