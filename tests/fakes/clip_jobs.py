"""The open clip jobs in a list."""

from collections.abc import Collection, Mapping, Sequence

from attrs import define, field

from surveil_core.errors import StoreUnavailable
from surveil_core.ports.clip_jobs import ClipJob
from surveil_core.ports.spool import FilmedEvent


@define(kw_only=True)
class FakeClipJobs:
    """Implements `ClipJobs`; `given_up` has the reasons by event row.

    `events` has the ids of all events by row, `filmed` the rows that have a video.

    The next `failures` calls raise `StoreUnavailable`, as a locked database does.
    """

    jobs: list[ClipJob] = field(factory=list)
    events: dict[int, str] = field(factory=dict)
    filmed: set[int] = field(factory=set)
    given_up: dict[int, str] = field(factory=dict)
    failures: int = 0

    def open_jobs(self) -> Sequence[ClipJob]:
        """As the port says."""
        self._check()
        return list(self.jobs)

    def have_video(self, events: Collection[FilmedEvent]) -> Mapping[FilmedEvent, bool]:
        """As the port says."""
        self._check()
        return {
            event: event.event_row_id in self.filmed
            for event in events
            if self.events.get(event.event_row_id) == event.event_id
        }

    def give_up(self, event_row_ids: Sequence[int], *, reason: str) -> None:
        """As the port says."""
        self._check()
        for job in self.jobs:
            if job.event_row_id in event_row_ids:
                self.given_up[job.event_row_id] = reason
        self._close(event_row_ids)

    def strike_out(self, event_row_ids: Sequence[int]) -> None:
        """Do what storing the clip of these events does."""
        self.filmed.update(event_row_ids)
        self._close(event_row_ids)

    def _close(self, event_row_ids: Sequence[int]) -> None:
        self.jobs = [job for job in self.jobs if job.event_row_id not in event_row_ids]

    def _check(self) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("database is locked")
