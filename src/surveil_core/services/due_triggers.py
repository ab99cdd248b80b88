"""The triggers that are still to be filmed, in their order."""

from collections import deque
from collections.abc import Collection

from attrs import define, field

from surveil_core.ports.recorder import Trigger
from surveil_core.ports.trigger_queue import TriggerQueue
from surveil_core.services.resuming import ClipResuming


@define(kw_only=True)
class DueTriggers:
    """What an earlier run owed comes first, then what is new. Used by one thread."""

    queue: TriggerQueue
    resuming: ClipResuming
    _due: deque[Trigger] = field(factory=deque, init=False)
    _rows_in_hand: set[int] = field(factory=set, init=False)

    def __bool__(self) -> bool:
        """Whether one is due."""
        return bool(self._due)

    def resume(self) -> None:
        """Take over what an earlier run did not film, once the database tells it."""
        if self.resuming.is_done:
            return
        owed = self.resuming.resume(self._all_rows_in_hand)
        self._rows_in_hand.update(trigger.event_row_id for trigger in owed)
        self._due.extendleft(reversed(owed))

    def take(self, timeout_s: float) -> None:
        """Take what waits; the trigger of an event that was resumed may come behind it."""
        trigger = self.queue.take(timeout_s)
        while trigger is not None:
            if trigger.event_row_id not in self._rows_in_hand:
                self._due.append(trigger)
            if not self.resuming.is_done:
                self._rows_in_hand.add(trigger.event_row_id)
            trigger = self.queue.take(0)

    def pop(self, *, until_s: float = float("inf")) -> Trigger | None:
        """Hand out the first, if it happened by `until_s`."""
        if self._due and self._due[0].at_s <= until_s:
            return self._due.popleft()
        return None

    def clear(self) -> None:
        """Forget all; they stay jobs for the next run."""
        self._due.clear()
        self._rows_in_hand.clear()

    def _all_rows_in_hand(self) -> Collection[int]:
        self.take(0)
        return self._rows_in_hand
