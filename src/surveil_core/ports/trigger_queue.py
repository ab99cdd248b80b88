"""What hands triggers from the thread that receives events to the one that films."""

from typing import Protocol

from surveil_core.ports.recorder import Trigger


class TriggerQueue(Protocol):
    """A bounded first-in first-out queue. Safe from any thread."""

    def put(self, trigger: Trigger) -> bool:
        """Add a trigger; never blocks. False when the queue is full."""

    def take(self, timeout_s: float) -> Trigger | None:
        """Wait for the oldest trigger. None after `timeout_s`; 0 does not wait."""
