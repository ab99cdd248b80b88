"""New files that are whole, or not there at all, whatever happens meanwhile."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PART_SUFFIX = ".part"
"""Of a file that is not whole yet; whoever writes the same file again replaces it."""


@contextmanager
def new_file(target: Path) -> Iterator[BinaryIO]:
    """Give a file that becomes `target` at the end, and goes if that is not reached.

    On leaving both its bytes and its name are on the disk. Raises `OSError`.
    """
    part = target.with_name(target.name + PART_SUFFIX)
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make what was added and removed survive a power cut, where the file system can be told to.

    Raises `OSError`.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
