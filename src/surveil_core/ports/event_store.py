"""Where the surveillance service writes events."""

from datetime import datetime
from typing import Protocol

from attrs import frozen

from surveil_core.events import SensorEvent


@frozen(kw_only=True)
class StoredEvent:
    """An event's row. `is_new` is False when the same key had been stored before."""

    row_id: int
    is_new: bool


class EventStore(Protocol):
    """Table `evenement` of the spec. Used by one thread."""

    def add_event(
        self, event: SensorEvent, *, topic: str, received_at_utc: datetime
    ) -> StoredEvent:
        """Store an event once, durably: a power cut after the return cannot take it.

        Raises `StoreUnavailable`.
        """

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
