"""The folder of the clips, which one process at a time may have."""

import fcntl
import os
import re
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from surveil_adapters.spool.clip import ASIDE, VIDEO_SUFFIX, DiskSpooledClip
from surveil_adapters.spool.reading import INDEX_SUFFIX, OpenFile, open_to_read
from surveil_adapters.spool.writer import DiskClipWriter
from surveil_core.errors import StoreUnavailable
from surveil_core.ports.spool import ClipLabel, ClipWriter, LeftClips

_RAW_SUFFIX = ".h264"
_SUFFIXES = (_RAW_SUFFIX, INDEX_SUFFIX, VIDEO_SUFFIX)
_MAX_NAME_CHARS = 80
_MAX_SAME_NAMES = 1000


class DiskSpool:
    """The `Spool` port: clips in one directory, which is made when it is opened.

    What was left in the directories that `deserted` names at that time is taken over; those that
    another process has stay its own. The lock is the kernel's (`flock`) and ends with the
    process, however that ends.
    """

    def __init__(
        self,
        directory: Path,
        *,
        deserted: Callable[[], Iterable[Path]] = lambda: (),
        open_file: OpenFile = open_to_read,
    ) -> None:
        self._directory = directory
        self._deserted = deserted
        self._open_file = open_file
        self._locks: list[int] = []
        self._left: list[Path] = []

    def open(self) -> None:
        """Make and lock the directory, and see what an earlier run left there or deserted.

        Opening twice does no harm. Raises `StoreUnavailable`.
        """
        if self._locks:
            return
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._locks.append(_locked(self._directory))
            self._left = _raw_paths(self._directory, *self._taken_over())
        except BlockingIOError as error:
            raise StoreUnavailable(
                f"another process films into {self._directory}: "
                "stop it, or give this one another storage.data_dir"
            ) from error
        except OSError as error:
            self.close()
            raise self._refusal(error) from error

    def left_clips(self, *, skip: Container[Path] = ()) -> LeftClips:
        """List what an earlier run left, by the time of writing; each is looked at by itself."""
        clips: list[DiskSpooledClip] = []
        refusal: str | None = None
        for path in self._left:
            if path in skip:
                continue
            try:
                clips.append(DiskSpooledClip.found(path, self._open_file))
            except StoreUnavailable as error:
                refusal = str(error)
        return LeftClips(clips=clips, refusal=refusal)

    def start_clip(self, label: ClipLabel) -> ClipWriter:
        """Begin `recording_<event_id>_<unix s>.h264`. Raises `StoreUnavailable`.

        The event id comes from the network: whatever is no letter, digit, dot, dash or
        underscore becomes an underscore. An older clip of the same name is left alone, even
        if some of its files are gone, and so is one that this run found and has removed.
        """
        unix_s = int(label.triggered_at_utc.timestamp())
        stem = f"recording_{safe_name(label.event.event_id)}_{unix_s}"
        try:
            path = _create_new(self._directory, stem, self._left)
            with _removing_on_error(path):
                return DiskClipWriter(path, label)
        except OSError as error:
            raise self._refusal(error) from error

    def close(self) -> None:
        """Give the lock back. Closing twice is safe."""
        while self._locks:
            os.close(self._locks.pop())

    def _taken_over(self) -> Iterator[Path]:
        for directory in self._deserted():
            with suppress(BlockingIOError):  # a process with other settings films into it
                self._locks.append(_locked(directory))
                yield directory

    def _refusal(self, error: OSError) -> StoreUnavailable:
        return StoreUnavailable(
            f"cannot write a clip in {self._directory}: {error}; free or mount the disk"
        )


def spooled_bytes(directory: Path) -> int:
    """Add up the raw streams of a spool and of those below it, from any thread or process.

    Each becomes a video of about its size. One that the database does not take for ever counts
    until a person has removed it; those that were set aside do not. Nor does a file of which the
    disk does not tell: one that is damaged must not keep all others from making room. Raises
    `StoreUnavailable` for a folder that cannot be listed.
    """
    total_bytes = 0
    try:
        for path in directory.rglob(f"recording_*{_RAW_SUFFIX}"):
            with suppress(OSError):  # such as one that was just stored, and counts there
                total_bytes += 0 if path.parent.name == ASIDE else path.stat().st_size
    except OSError as error:
        raise StoreUnavailable(f"cannot measure the clips in {directory}: {error}") from error
    return total_bytes


def safe_name(event_id: str) -> str:
    """Make a bounded file name part of any text."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", event_id)[:_MAX_NAME_CHARS]


def _locked(directory: Path) -> int:
    """Lock a directory. Raises `BlockingIOError` when another process has it."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _raw_paths(*directories: Path) -> list[Path]:
    """Name the raw stream of each clip of which there is any file, the oldest first."""
    written_at: dict[Path, float] = {}
    for path in chain.from_iterable(one.glob("recording_*") for one in directories):
        if path.suffix in _SUFFIXES:
            raw_path = path.with_suffix(_RAW_SUFFIX)
            written_at[raw_path] = max(written_at.get(raw_path, 0.0), _written_at(path))
    return sorted(written_at, key=lambda raw_path: (written_at[raw_path], raw_path))


def _written_at(path: Path) -> float:
    """Say when a file was written; the first of all where the disk does not tell."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _create_new(directory: Path, stem: str, left: Container[Path]) -> Path:
    """Create a raw stream where there is no file of another clip. Raises `OSError`."""
    for number in range(_MAX_SAME_NAMES):
        path = directory / (f"{stem}.h264" if number == 0 else f"{stem}_{number}.h264")
        if path in left or _has_files(path) or _has_files(directory / ASIDE / path.name):
            continue
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{directory / stem}.h264 exists {_MAX_SAME_NAMES} times")


def _has_files(raw_path: Path) -> bool:
    return any(raw_path.with_suffix(suffix).exists() for suffix in _SUFFIXES)


@contextmanager
def _removing_on_error(raw_path: Path) -> Iterator[None]:
    """Leave no empty files of a clip that cannot begin."""
    try:
        yield
    except OSError:
        for suffix in _SUFFIXES:
            with suppress(OSError):  # a disk that takes nothing may let nothing go either
                raw_path.with_suffix(suffix).unlink(missing_ok=True)
        raise
