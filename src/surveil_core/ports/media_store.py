"""Where finished clips go."""

from collections.abc import Sequence
from typing import Protocol

from surveil_core.ports.camera import Clip


class MediaStore(Protocol):
    """Table `media` of the spec. Used by one thread."""

    def add_clip(self, clip: Clip, *, event_row_ids: Sequence[int]) -> int:
        """Store a clip durably and return its row id.

        The first of `event_row_ids` triggered it; the others fell into it. Reads the
        file in chunks. Raises `StoreUnavailable`.
        """

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
