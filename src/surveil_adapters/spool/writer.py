"""One clip being written: its raw stream and its index, forced to the disk about twice a second."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from surveil_adapters.spool.clip import DiskSpooledClip
from surveil_adapters.spool.index import end_line, event_line, label_line, picture_line
from surveil_adapters.spool.reading import INDEX_SUFFIX
from surveil_adapters.spool.room import FreeBytes, check_room, free_bytes
from surveil_core.errors import StoreUnavailable
from surveil_core.ports.spool import KEPT_FREE_BYTES, ClipLabel, FilmedEvent, SpooledClip
from surveil_core.video import AccessUnit

SYNC_EVERY_S = 0.5
"""Of pictures. A power cut may take a second; a picture's length, the encoder and the disk need the
rest of it: with 0.75 s, 0.94 s were lost on a busy machine."""


class DiskClipWriter:
    """The `ClipWriter` port. The file at `spool_path` exists and is empty.

    Each picture is handed to the system at once, so that only a power cut can take it.
    """

    def __init__(
        self,
        spool_path: Path,
        label: ClipLabel,
        *,
        sync: Callable[[int], None] = os.fdatasync,
        free_bytes: FreeBytes = free_bytes,
    ) -> None:
        """Begin the index, durably. Raises `OSError`."""
        self.spool_path = spool_path
        self.has_pictures = False
        self._raw_bytes = 0
        self._sync_file = sync
        self._free_bytes = free_bytes
        self._synced_at_s = float("-inf")
        self._refused = False
        self._events = [label.event]
        with ExitStack() as stack:
            self._stream = stack.enter_context(spool_path.open("wb", buffering=0))
            index_path = spool_path.with_suffix(INDEX_SUFFIX)
            self._index = stack.enter_context(index_path.open("wb", buffering=0))
            _write_all(self._index, label_line(label))
            os.fsync(self._index.fileno())
            _sync_directory(spool_path.parent)
            self._files = stack.pop_all()

    def append(self, *units: AccessUnit) -> None:
        """Write pictures. Raises `StoreUnavailable` when the disk refuses.

        Those that come together reach the disk together: a pre-roll is not waited for twice.
        """
        try:
            for unit in units:
                room_bytes = len(unit.annex_b) + KEPT_FREE_BYTES
                check_room(self.spool_path.parent, room_bytes, self._free_bytes)
                _write_all(self._stream, unit.annex_b)
                _write_all(self._index, picture_line(unit))
                self.has_pictures = True
                self._raw_bytes += len(unit.annex_b)
            if units and units[-1].at_s - self._synced_at_s >= SYNC_EVERY_S:
                self._sync()
                self._synced_at_s = units[-1].at_s
        except OSError as error:
            raise self._refusal(error) from error

    def add_event(self, event: FilmedEvent) -> None:
        """Write a further event; it is on the disk with the next picture.

        Raises `StoreUnavailable`.
        """
        try:
            _write_all(self._index, event_line(event))
        except OSError as error:
            raise self._refusal(error) from error
        self._events.append(event)
        self._synced_at_s = float("-inf")

    def finish(self, *, triggered_at_utc: datetime, until_s: float | None = None) -> SpooledClip:
        """End the clip, durably unless the disk refuses."""
        try:
            if not self._refused:
                _write_all(self._index, end_line(triggered_at_utc, until_s))
                self._sync()
        except OSError:
            self._refused = True  # the index has no end, which is what it says then
        self._files.close()
        return DiskSpooledClip(
            spool_path=self.spool_path,
            events=tuple(self._events),
            has_pictures=self.has_pictures,
            cut_short=self._refused,
            raw_bytes=self._raw_bytes,
        )

    def _refusal(self, error: OSError) -> StoreUnavailable:
        self._refused = True
        return StoreUnavailable(f"cannot write {self.spool_path}: {error}")

    def _sync(self) -> None:
        """Force the pictures to the disk before the lines that name them."""
        self._sync_file(self._stream.fileno())
        self._sync_file(self._index.fileno())


def _write_all(file: BinaryIO, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]


def _sync_directory(directory: Path) -> None:
    """Make new files' names survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
