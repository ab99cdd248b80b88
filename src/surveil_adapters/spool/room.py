"""What films leave of the disk, for the database to make room with."""

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

FreeBytes = Callable[[Path], int]


def free_bytes(folder: Path) -> int:
    """Say what is free for this user on a folder's disk. Raises `OSError`."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize if disk.f_blocks else sys.maxsize


def check_room(folder: Path, needed_bytes: int, free_bytes: FreeBytes = free_bytes) -> None:
    """Raise `OSError`, as a full disk does, where so much more is not free."""
    if free_bytes(folder) < needed_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
