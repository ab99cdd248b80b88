"""Where the bridge keeps events until the backend has them."""

import enum
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import field, frozen

from surveil_core.events import SensorEvent
from surveil_core.ports.dead_letters import DeadLetter


class Arrival(enum.Enum):
    """What became of a message that arrived."""

    NEW = "new"
    REPEATED = "repeated"
    """Its `(device_id, event_id)` was taken before, whatever became of that since."""
    HELD = "held"
    """The outbox is full and its policy leaves the message with the broker.

    So it does with all that follow in the same transaction, for the order's sake.
    """


class WhenFull(enum.StrEnum):
    """What an outbox does at its quota."""

    HOLD = "hold"
    """Take nothing more: the broker keeps what comes, up to its own limits."""
    DROP_OLDEST = "drop_oldest"
    """Give up the oldest waiting events for the new ones."""


@frozen(kw_only=True)
class ArrivedEvent:
    """A legal message as it came from the broker."""

    event: SensorEvent
    topic: str
    payload: bytes = field(repr=False)


@frozen(kw_only=True)
class OutboxChanges:
    """Everything one transaction writes.

    `delivered` and `refused` name entries by id; the reasons of the refused become those
    of their dead letters. `dead` are arrivals that were no legal messages.
    """

    arrived: Sequence[ArrivedEvent] = ()
    dead: Sequence[DeadLetter] = ()
    delivered: Sequence[int] = ()
    refused: Sequence[tuple[int, str]] = ()
    at_utc: datetime


@frozen(kw_only=True)
class Committed:
    """What a transaction did.

    `arrivals` has one verdict for each of `arrived`. `dropped_waiting` events and
    `dropped_dead` letters were given up for the quota.
    """

    arrivals: Sequence[Arrival] = ()
    dropped_waiting: int = 0
    dropped_dead: int = 0


@frozen(kw_only=True)
class OutboxEntry:
    """A waiting event. Ids grow in the order of arrival."""

    entry_id: int
    device_id: str
    event_id: str
    topic: str
    payload: bytes = field(repr=False)


@frozen(kw_only=True)
class OutboxCounters:
    """Counted since the file was made: `received = delivered + waiting + dead + refused`.

    `refused` are events given up for good: dropped for the quota, or discarded from the
    dead letters. `repeated` arrivals count nowhere else.
    """

    received: int = 0
    delivered: int = 0
    waiting: int = 0
    dead: int = 0
    refused: int = 0
    repeated: int = 0
    waiting_bytes: int = 0


class Outbox(Protocol):
    """A durable queue for each device. Used by one thread; all raise `StoreUnavailable`.

    They raise `ConfigurationError` for a file that a later release wrote, and `commit`
    `DataLost` for a row that the file will never take.
    """

    def commit(self, changes: OutboxChanges) -> Committed:
        """Write all of it or nothing; it is on the disk when this returns."""

    def waiting_devices(self) -> Sequence[str]:
        """Name the devices that have waiting events, the longest waiting first."""

    def next_entries(self, device_id: str, *, limit: int, max_bytes: int) -> Sequence[OutboxEntry]:
        """Read the oldest waiting events of a device, in order.

        As many as have `max_bytes` of payload together, the first in any case.
        """

    def changed_elsewhere(self) -> bool:
        """Say whether another program wrote the file since the last call."""

    def counters(self) -> OutboxCounters:
        """Count. All figures are of one instant."""

    def close(self) -> None:
        """Release the file. Closing twice is safe."""
