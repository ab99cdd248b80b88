"""Where the surveillance service writes events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen

from surveil_core.events import SensorEvent
from surveil_core.ports.dead_letters import DeadLetter


@frozen(kw_only=True)
class ReceivedEvent:
    """An event to store. With `to_film`, its clip becomes a job that outlives the process."""

    event: SensorEvent
    topic: str
    received_at_utc: datetime
    to_film: bool = False


@frozen(kw_only=True)
class StoredEvent:
    """An event's row. `is_new` is False when the same key had been stored before."""

    row_id: int
    is_new: bool


@frozen(kw_only=True)
class StoredGroup:
    """What became of a group: a row for each event, and the old letters that had to go."""

    rows: Sequence[StoredEvent]
    dropped_letters: int = 0


class EventStore(Protocol):
    """Table `evenement` of the spec, and the dead letters beside it. Used by one thread."""

    def add_events(
        self, events: Sequence[ReceivedEvent], dead: Sequence[DeadLetter] = ()
    ) -> StoredGroup:
        """Store each event once, in order, durably: a power cut after the return takes none.

        One transaction, dead letters and clip jobs included; one row for each of
        `events`. Raises `StoreUnavailable`, or `DataLost` when one of them breaks a rule of
        the store for good; nothing is stored then.
        """

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
