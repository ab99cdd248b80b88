"""An archived video as a file, for libraries that want one."""

import io
from typing import Any

from surveil_core.ports.archive import Archive


class ArchiveFile(io.RawIOBase):
    """A video as the seekable file that FFmpeg wants. One thread.

    Each read opens the store and closes it again: a handle that is held would block the
    writer.
    """

    def __init__(self, archive: Archive, media_id: int, *, size_bytes: int) -> None:
        super().__init__()
        self._archive = archive
        self._media_id = media_id
        self._size_bytes = size_bytes
        self._position = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read on from where we are. Raises `StoreUnavailable`."""
        chunk = self._archive.read_video(self._media_id, offset=self._position, length=len(buffer))
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}
        self._position = max(0, origin[whence] + offset)
        return self._position

    def tell(self) -> int:
        """Say where we are."""
        return self._position
