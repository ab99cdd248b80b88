"""Queues between threads."""

import queue

from surveil_core.ports.recorder import Trigger

MAX_TRIGGERS = 1000
"""As many may wait while a camera opens or a clip is stored."""


class ThreadTriggerQueue:
    """The `TriggerQueue` port on `queue.Queue`."""

    def __init__(self, max_triggers: int = MAX_TRIGGERS) -> None:
        self._queue: queue.Queue[Trigger] = queue.Queue(max_triggers)

    def put(self, trigger: Trigger) -> bool:
        """Add a trigger; never blocks. False when the queue is full."""
        try:
            self._queue.put_nowait(trigger)
        except queue.Full:
            return False
        return True

    def take(self, timeout_s: float) -> Trigger | None:
        """Wait for the oldest trigger. None after `timeout_s`; 0 does not wait."""
        try:
            return self._queue.get(block=timeout_s > 0, timeout=max(timeout_s, 0))
        except queue.Empty:
            return None
