"""Where finished clips go."""

from collections.abc import Sequence
from typing import Protocol

from surveil_core.ports.camera import Clip
from surveil_core.ports.previewer import ClipPreview


class MediaStore(Protocol):
    """Table `media` of the spec. Used by one thread."""

    def add_clip(
        self, clip: Clip, *, event_row_ids: Sequence[int], preview: ClipPreview | None = None
    ) -> int:
        """Store a clip durably, with its preview if there is one, and return its row id.

        The first of `event_row_ids` triggered it; the others fell into it. Reads the
        file in chunks. Raises `StoreUnavailable`, `DataLost` when one of the events is gone
        or the clip is larger than a field, `ConfigurationError` for a file that a later
        release wrote, and `ValueError` when no event is named.
        """

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
