"""Clips that were promised, written with their events and struck out with their videos."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen

from surveil_core.events import EventType
from surveil_core.ports.spool import FilmedEvent


@frozen(kw_only=True)
class ClipJob:
    """An event whose clip is not stored yet. `gpio_pin` is its sensor's on that device.

    Type and time are None where a damaged row holds neither.
    """

    event_row_id: int
    event_id: str
    device_id: str
    event_type: EventType | None
    received_at_utc: datetime | None
    gpio_pin: int | None = None


class ClipJobs(Protocol):
    """The open jobs of `surveillance.db`. Used by one thread; all raise `StoreUnavailable`."""

    def open_jobs(self) -> Sequence[ClipJob]:
        """List the jobs, oldest first."""

    def have_video(self, events: Collection[FilmedEvent]) -> Mapping[FilmedEvent, bool]:
        """Say of each of these events whether it has a video.

        One that is not there, or whose row is that of another id, is left out.
        """

    def give_up(self, event_row_ids: Sequence[int], *, reason: str) -> None:
        """Close jobs whose video can never be had; the reason stays with the events."""
