"""Where finished clips go."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from surveil_core.ports.camera import Clip
from surveil_core.ports.preview import ClipPreview


class VideoPlace(StrEnum):
    """Where the bytes of new videos go."""

    DATABASE = "database"
    """Into `media.video`, as in the spec."""
    FILES = "files"
    """Into a file each, beside the database."""


class MediaStore(Protocol):
    """Table `media` of the spec. Used by one thread."""

    def add_clip(
        self, clip: Clip, *, event_row_ids: Sequence[int], preview: ClipPreview | None = None
    ) -> int:
        """Store a clip durably, with its preview if there is one, and return its row id.

        The first of `event_row_ids` triggered it; the others fell into it. Reads the
        file in chunks. Raises `StoreUnavailable`, `DataLost` when one of the events is gone
        or the clip is larger than the store takes, `ConfigurationError` for a file that a later
        release wrote, and `ValueError` when no event is named.
        """

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
