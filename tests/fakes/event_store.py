"""Table `evenement` in a list."""

from datetime import datetime

from attrs import define, field

from surveil_core.errors import StoreUnavailable
from surveil_core.events import SensorEvent
from surveil_core.ports.event_store import StoredEvent


@define(kw_only=True)
class FakeEventStore:
    """Keeps `(event, topic, received_at_utc)`; the row id is the place, from 1.

    The next `failures` calls raise `StoreUnavailable`, as a locked database does.
    """

    rows: list[tuple[SensorEvent, str, datetime]] = field(factory=list)
    failures: int = 0
    closed: bool = False

    def add_event(
        self, event: SensorEvent, *, topic: str, received_at_utc: datetime
    ) -> StoredEvent:
        """As the port says."""
        if self.closed:
            raise StoreUnavailable("the event store is closed")
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("database is locked")
        for row_id, (stored, _, _) in enumerate(self.rows, start=1):
            if stored.key == event.key:
                return StoredEvent(row_id=row_id, is_new=False)
        self.rows.append((event, topic, received_at_utc))
        return StoredEvent(row_id=len(self.rows), is_new=True)

    def close(self) -> None:
        """Refuse all further calls."""
        self.closed = True
