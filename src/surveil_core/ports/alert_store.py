"""Where the backend keeps what bridges send it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen

from surveil_core.messages import BackendEvent


@frozen(kw_only=True)
class NewAlert:
    """An event to store. `event_id` is the bridge's, or made for a body without one."""

    event: BackendEvent
    event_id: str
    location: str | None
    received_at_utc: datetime


@frozen(kw_only=True)
class StoredAlert:
    """A stored event. `is_new` is False when its key had been stored before."""

    cursor: int
    event_id: str
    is_new: bool


class AlertStore(Protocol):
    """The backend's table of events. Safe from any thread."""

    def add_alerts(self, alerts: Sequence[NewAlert]) -> Sequence[StoredAlert]:
        """Store each event once by `(device_id, event_id)`, in order, durably.

        One transaction, and one answer for each. Raises `StoreUnavailable`, and nothing
        is stored then.
        """

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
