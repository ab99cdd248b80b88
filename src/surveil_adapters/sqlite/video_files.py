"""`videos/` beside `surveillance.db`: playable files, each named by a row of `fichier_media`.

The row is there before the file's first byte and goes after its last, so that it is always
known which file a crash left. A file that no row names is another database's, or somebody's:
it is never touched.
"""

import errno
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from io import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO

from attrs import frozen

from surveil_adapters.durable import PART_SUFFIX, new_file, sync_folder
from surveil_adapters.sqlite.connection import KeptConnection
from surveil_adapters.sqlite.media_rows import ClipFile
from surveil_core.errors import ConfigurationError, DataLost, StoreDamaged, StoreUnavailable

FOLDER = "videos"

_ORPHANS = """
    SELECT nom FROM fichier_media
    WHERE id_media IS NULL AND (numero_camera IS NULL OR numero_camera = ?)
"""
_GIVEN_UP = "SELECT nom FROM fichier_media WHERE id_media IS NULL AND numero_camera IS NULL"
_FORGET = "DELETE FROM fichier_media WHERE nom = ? AND id_media IS NULL"


@frozen
class VideoFiles:
    """A folder of videos, which is made when the first one comes."""

    folder: Path

    @classmethod
    def beside(cls, database: Path) -> "VideoFiles":
        """Name the folder that belongs to a database."""
        return cls(database.with_name(FOLDER))

    def check_disk(self) -> None:
        """Raise `ConfigurationError` if it lies on another disk than the database.

        The space of one disk alone is watched.
        """
        try:
            is_alien = self.folder.stat().st_dev != self.folder.parent.stat().st_dev
        except OSError:
            return  # not there yet
        if is_alien:
            raise ConfigurationError(
                f"{self.folder} is on another disk than {self.folder.parent}, whose space is "
                f"watched: mount that disk as {self.folder.parent}"
            )

    def path(self, name: str) -> Path:
        """Say where the file `name` is. Raises `DataLost` for what can be no file here."""
        if not _is_file_name(name):
            raise DataLost(f"fichier_media names {name!r:.60}, which is no file of {self.folder}")
        return self.folder / name

    def write(self, name: str, clip: ClipFile) -> int:
        """Write a clip as `name`, durably, and return its CRC-32.

        Raises `StoreUnavailable`; nothing is left behind then.
        """
        path = self.path(name)
        try:
            self._make()
            with new_file(path) as file:
                return clip.copy(file.write)
        except OSError as error:
            raise StoreUnavailable(
                f"cannot write {path}: {error.strerror}; free some space on its disk, "
                "or give this user the right to write there"
            ) from error

    def open(self, name: str) -> BinaryIO:
        """Open a video to read it. Raises `DataLost` if it is not there, `StoreUnavailable`."""
        path = self.path(name)
        try:
            return path.open("rb")
        except FileNotFoundError as error:
            raise DataLost(f"{path} is not there; put it back from a copy") from error
        except OSError as error:
            raise _unreadable(path, error) from error

    def is_taken(self, name: str) -> bool:
        """Whether a file of that name is there, or part of one. Raises `StoreUnavailable`."""
        return any(self.size_bytes(n) is not None for n in (name, f"{name}{PART_SUFFIX}"))

    def size_bytes(self, name: str) -> int | None:
        """Say how long a video is; None if it is not there. Raises `StoreUnavailable`."""
        path = self.path(name)
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from error

    def names(self) -> Collection[str]:
        """Name what lies in the folder. Raises `StoreUnavailable`."""
        try:
            return {path.name for path in self.folder.iterdir()}
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise _unreadable(self.folder, error) from error

    def remove(self, name: str) -> int:
        """Remove a file, durably after `sync`, and say how many bytes it was.

        What is not there, or can be no file, is no error. Raises `StoreUnavailable`.
        """
        if not _is_file_name(name):
            return 0
        with self._removing():
            parts = (self.folder / name, self.folder / f"{name}{PART_SUFFIX}")
            return sum(_unlink(path) for path in parts)

    def sync(self) -> None:
        """Put on the disk which files were removed. Raises `StoreUnavailable`."""
        if self.folder.is_dir():
            with self._removing():
                sync_folder(self.folder)

    @contextmanager
    def _removing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreUnavailable(
                f"cannot remove a video from {self.folder}: {error}; "
                "give this user the right to, and look for the disk's errors with `dmesg`"
            ) from error

    def _make(self) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir(exist_ok=True)
            sync_folder(self.folder.parent)


def remove_orphans(kept: KeptConnection, files: VideoFiles, *, camera_number: int) -> int:
    """Remove the files that no video has, but those that other cameras are writing.

    Returns how many bytes they were. Raises `StoreUnavailable` if one stays, after it has removed
    the others; the next call tries again.
    """
    with kept.reading() as connection:
        orphans = [name for (name,) in connection.execute(_ORPHANS, (camera_number,))]
    removal = remove_files(kept, files, orphans)
    if removal.failure is not None:
        raise removal.failure
    return removal.freed_bytes


def orphan_bytes(kept: KeptConnection, files: VideoFiles) -> int:
    """Say how large the files are that were given up and are still there.

    Raises `StoreUnavailable`.
    """
    with kept.reading() as connection:
        names = [name for (name,) in connection.execute(_GIVEN_UP)]
    return sum(files.size_bytes(name) or 0 for name in filter(_is_file_name, names))


@frozen(kw_only=True)
class Removal:
    """How many bytes were removed, and why files are left, if any are."""

    freed_bytes: int
    failure: StoreUnavailable | None


def remove_files(kept: KeptConnection, files: VideoFiles, names: Collection[str]) -> Removal:
    """Remove files that have no video any more, and then the rows of those that are gone.

    One that the disk does not let go keeps no others; the last failure is handed back.
    """
    gone: list[str] = []
    freed_bytes, failure = 0, None
    for name in names:
        try:
            freed_bytes += files.remove(name)
        except StoreUnavailable as error:
            failure = error
        else:
            gone.append(name)
    try:
        _forget(kept, files, gone)
    except StoreUnavailable as error:
        failure = error
    return Removal(freed_bytes=freed_bytes, failure=failure)


def _forget(kept: KeptConnection, files: VideoFiles, names: Collection[str]) -> None:
    if names:
        files.sync()
        with kept.transaction() as connection:
            connection.executemany(_FORGET, [(name,) for name in names])


@contextmanager
def removing_on_error(
    kept: KeptConnection, files: VideoFiles, *, camera_number: int
) -> Iterator[None]:
    """Leave no file of a clip that could not be stored; what refuses now is found later."""
    try:
        yield
    except BaseException:
        with suppress(StoreUnavailable):
            remove_orphans(kept, files, camera_number=camera_number)
        raise


def read_part(file: BinaryIO, *, offset: int, length: int) -> bytes:
    """Read a part of a video, what there is of it, and close it. Raises `StoreUnavailable`."""
    with file:
        try:
            size_bytes = file.seek(0, SEEK_END)
            file.seek(min(offset, size_bytes))
            return file.read(min(length, size_bytes))
        except OSError as error:
            raise _unreadable(Path(file.name), error) from error


def _unlink(path: Path) -> int:
    """Remove a file if it is there, and say how many bytes it was. Raises `OSError`."""
    try:
        size_bytes = path.stat().st_size
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return 0
    return size_bytes


def _is_file_name(name: Any) -> bool:
    """Whether it names a file of a folder, whatever a damaged database may hold."""
    return isinstance(name, str) and name not in {"", ".", ".."} and not {"/", "\0"} & set(name)


def _unreadable(path: Path, error: OSError) -> StoreUnavailable:
    kind = StoreDamaged if error.errno == errno.EIO else StoreUnavailable
    return kind(
        f"cannot read {path}: {error.strerror}; "
        "give this user the right to, and look for the disk's errors with `dmesg`"
    )
