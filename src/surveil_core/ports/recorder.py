"""Asking for a clip."""

from typing import Protocol

from attrs import frozen

from surveil_core.events import EventType


@frozen(kw_only=True)
class Trigger:
    """An event that may be filmed. `at_s` is its monotonic instant."""

    event_row_id: int
    event_id: str
    event_type: EventType
    at_s: float


class Recorder(Protocol):
    """Takes triggers from any thread, never blocks and never raises."""

    def trigger(self, trigger: Trigger) -> None:
        """Film this, or prolong the clip in hand."""
