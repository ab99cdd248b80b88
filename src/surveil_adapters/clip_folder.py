"""A folder that videos are exported to: each whole, or not there at all."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from attrs import frozen

from surveil_adapters.durable import new_file
from surveil_core.errors import ConfigurationError, StoreUnavailable


@frozen(kw_only=True)
class SparedDisk:
    """A disk on which videos are deleted when space is short: copies there would cost others.

    `folder` lies on it; `wanted_free_bytes` says how much must stay free on a disk of a size.
    """

    folder: Path
    wanted_free_bytes: Callable[[int], int]

    def check(self, target: Path, size_bytes: int) -> None:
        """Raise `StoreUnavailable` if `target` lies there and leaves no room for as much again."""
        if target.parent.stat().st_dev != self.folder.stat().st_dev:
            return
        disk = shutil.disk_usage(target.parent)
        if disk.free - size_bytes < self.wanted_free_bytes(disk.total) + size_bytes:
            raise StoreUnavailable(
                f"{disk.free} bytes are free beside {self.folder}, so stored videos would have "
                f"to go for {target}, of {size_bytes} bytes: name a folder on another disk"
            )


class Saved(Enum):
    """What became of a video that was to be saved."""

    NEW = "written"
    KNOWN = "there already"
    DIFFERENT = "another file has that name"


@frozen
class ClipFolder:
    """A folder, which is made when the first video comes; none of `spared` goes for it."""

    path: Path
    spared: SparedDisk | None = None

    def save(
        self,
        name: str,
        chunks: Iterable[bytes],
        *,
        size_bytes: int,
        started_at_utc: datetime | None,
    ) -> Saved:
        """Write a video of `size_bytes` as `name`, durably, dated when it was filmed, if known.

        A file of that name is never overwritten: it is compared. Raises `StoreUnavailable`
        when the disk refuses or is to be spared, and whatever `chunks` raises; nothing is left
        behind then.
        """
        target = self.path / name
        with _translating(target):
            self.path.mkdir(parents=True, exist_ok=True)
            if target.exists():
                return Saved.KNOWN if _holds(target, chunks) else Saved.DIFFERENT
            if self.spared is not None:
                self.spared.check(target, size_bytes)
            with new_file(target) as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                if started_at_utc is not None:
                    _date(file, started_at_utc)
        return Saved.NEW


@contextmanager
def _translating(target: Path) -> Iterator[None]:
    try:
        yield
    except (FileExistsError, NotADirectoryError) as error:
        raise ConfigurationError(
            f"cannot write {target}: {error.strerror}; --to must name a folder"
        ) from error
    except OSError as error:
        raise StoreUnavailable(
            f"cannot write {target}: {error.strerror}; "
            "make room there, or name a folder that this user may write"
        ) from error


def _holds(path: Path, chunks: Iterable[bytes]) -> bool:
    with path.open("rb") as file:
        return all(file.read(len(chunk)) == chunk for chunk in chunks) and not file.read(1)


def _date(file: BinaryIO, moment: datetime) -> None:
    """Date a file; on a stick that is mounted for another user it keeps the date of writing."""
    at_s = moment.timestamp()
    with suppress(PermissionError):
        os.utime(file.fileno(), (at_s, at_s))
