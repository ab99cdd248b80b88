"""Videos that a person wants kept."""

from typing import Protocol


class Pins(Protocol):
    """Safe from any thread; raises `StoreUnavailable`."""

    def pin(self, media_id: int, *, is_pinned: bool) -> bool:
        """Keep a video whatever comes, or no longer. Twice is safe. False if there is none."""
