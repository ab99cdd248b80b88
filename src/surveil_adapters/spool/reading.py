"""Reading a clip's files as far as the disk gives them.

What a worn card does not give is like what a power cut tore: all before it is whole. What a person
can mend, such as the rights of a file, is no damage, and waits.
"""

import errno
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from surveil_adapters.spool.index import ClipIndex, read_index
from surveil_core.errors import BadMessage, StoreUnavailable

INDEX_SUFFIX = ".index"

OpenFile = Callable[[Path], BinaryIO]

DAMAGE_CODES = {
    errno.EIO,
    errno.EBADMSG,  # a check sum of the file system does not fit
    errno.EILSEQ,
    errno.EISDIR,
    errno.ENODATA,
    errno.EREMOTEIO,
    errno.EUCLEAN,  # ext4 and XFS: the structure needs cleaning
}
"""Of `OSError`: the disk has lost it, and asking again does not help."""


def open_to_read(path: Path) -> BinaryIO:
    """Open for reading. Raises `OSError`."""
    return path.open("rb")


class ClipReader:
    """Reads one clip, once. `unread_because` says then what it could not read, if anything.

    All raise `StoreUnavailable` for what a person can mend.
    """

    def __init__(self, spool_path: Path, open_file: OpenFile = open_to_read) -> None:
        self.unread_because: str | None = None
        self._spool_path = spool_path
        self._open = open_file

    def index(self) -> ClipIndex | None:
        """Read what is whole of the index; None where not even its first line is."""
        try:
            return read_index(self._index_lines())
        except BadMessage as error:
            self.unread_because = str(error)
            return None

    def count_whole(self, index: ClipIndex, *, at_most: int | None = None) -> int:
        """Count the pictures before the first that is not what was written."""
        count = 0
        with self._to_the_damage(self._spool_path), self._open(self._spool_path) as raw:
            for sample, crc32 in islice(zip(index.samples, index.crc32s, strict=True), at_most):
                if zlib.crc32(raw.read(sample.size_bytes)) != crc32:
                    break
                count += 1
        return count

    def raw_bytes(self) -> int:
        """Say how long the raw stream is; 0 where there is none."""
        with self._to_the_damage(self._spool_path):
            return self._spool_path.stat().st_size
        return 0

    def _index_lines(self) -> Iterator[bytes]:
        path = self._spool_path.with_suffix(INDEX_SUFFIX)
        with self._to_the_damage(path), self._open(path) as lines:
            yield from lines

    @contextmanager
    def _to_the_damage(self, path: Path) -> Iterator[None]:
        """Stop where the disk does, or where a file is not there at all."""
        try:
            yield
        except FileNotFoundError as error:
            if not self._spool_path.parent.is_dir():
                raise _refusal(path, error) from error
        except OSError as error:
            if error.errno not in DAMAGE_CODES:
                raise _refusal(path, error) from error
            self.unread_because = f"the disk fails to give {path}: {os.strerror(error.errno)}"


def _refusal(path: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        f"cannot read {path}: {error}; give this user the right to, or move it away"
    )
