"""New files that are whole, or not there at all, whatever happens meanwhile."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from surveil_core.errors import StoreUnavailable

PART_SUFFIX = ".part"
"""Of a file that is not whole yet; whoever writes the same file again writes it anew."""


@contextmanager
def new_file(target: Path) -> Iterator[BinaryIO]:
    """Give a file that becomes `target` at the end, and goes if that is not reached.

    It is locked until it is closed, by whatever end of this process. On leaving both its bytes
    and its name are on the disk. Raises `OSError`, and `StoreUnavailable` when another program
    writes the same file, has made it meanwhile, or something else has its name.
    """
    part = target.with_name(target.name + PART_SUFFIX)
    with os.fdopen(_open_part(part), "wb") as file:
        _lock(file, part)
        try:
            _check_absent(target)
            file.truncate(0)
            yield file
            file.flush()
            os.fsync(file.fileno())
            _check_absent(target)
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


def _open_part(part: Path) -> int:
    """Open the file, whoever made it, as it is; a link or a pipe of that name is refused."""
    flags = os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        return os.open(part, flags, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise StoreUnavailable(f"{part} is no file that we left: remove it") from error
        raise


def _lock(file: BinaryIO, part: Path) -> None:
    """Keep others away. What another one has renamed or removed since is not ours."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_ours = os.path.samestat(os.fstat(file.fileno()), part.lstat())
    except (BlockingIOError, FileNotFoundError):
        is_ours = False
    if not is_ours:
        raise StoreUnavailable(f"another program writes {part}: wait until it has ended")


def _check_absent(target: Path) -> None:
    if os.path.lexists(target):
        raise StoreUnavailable(f"{target} has been made meanwhile; try again, or move it away")
