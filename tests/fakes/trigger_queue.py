"""A trigger queue on a fake clock."""

from collections import deque

from attrs import define, field

from surveil_core.ports.recorder import Trigger
from tests.fakes.clock import FakeClock


@define(kw_only=True)
class FakeTriggerQueue:
    """Implements `TriggerQueue`: waiting in vain takes the clock on by the time-out."""

    clock: FakeClock
    max_triggers: int = 1000
    triggers: deque[Trigger] = field(factory=deque, init=False)

    def put(self, trigger: Trigger) -> bool:
        """Add a trigger. False at `max_triggers`."""
        if len(self.triggers) >= self.max_triggers:
            return False
        self.triggers.append(trigger)
        return True

    def take(self, timeout_s: float) -> Trigger | None:
        """Give the oldest trigger."""
        if self.triggers:
            return self.triggers.popleft()
        self.clock.advance(timeout_s)
        return None
