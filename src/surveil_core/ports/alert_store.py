"""Where the backend keeps what bridges send it."""

from datetime import datetime
from typing import Protocol

from attrs import frozen

from surveil_core.messages import BackendEvent


@frozen(kw_only=True)
class StoredAlert:
    """A stored event. `is_new` is False when its key had been stored before."""

    cursor: int
    event_id: str
    is_new: bool


class AlertStore(Protocol):
    """The backend's table of events. Safe from any thread."""

    def add_alert(
        self, event: BackendEvent, *, event_id: str, location: str | None, received_at_utc: datetime
    ) -> StoredAlert:
        """Store an event once by `(device_id, event_id)`, durably.

        Raises `StoreUnavailable`.
        """

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
