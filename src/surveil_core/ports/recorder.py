"""Asking for a clip."""

from typing import Protocol

from attrs import frozen

from surveil_core.events import EventType


@frozen(kw_only=True)
class Trigger:
    """An event that may be filmed. `at_s` is when it came, in the clock's monotonic seconds.

    `age_s` is how long before that it had happened, where that can be known. `gpio_pin` is its
    sensor's, where the message named it and the sensor is this device's.
    """

    event_row_id: int
    event_id: str
    event_type: EventType
    at_s: float
    age_s: float = 0.0
    gpio_pin: int | None = None

    @property
    def happened_at_s(self) -> float:
        """When it happened, as far as that can be known."""
        return self.at_s - self.age_s


class Recorder(Protocol):
    """Takes triggers from any thread, never blocks and never raises."""

    def expect(self, at_s: float | None) -> None:
        """Keep what an event that happened at `at_s` will show, until it is a trigger.

        A database may let an event wait while it takes a long video. None: nothing is to come.
        What cannot be kept, for want of memory or time, is not.
        """

    def trigger(self, trigger: Trigger) -> None:
        """Film this, or prolong the clip in hand."""
