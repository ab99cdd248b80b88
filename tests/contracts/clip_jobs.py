"""What every `ClipJobs` does: the fake and the SQLite file alike."""

from collections.abc import Callable, Sequence

import pytest
from attrs import frozen

from surveil_core.events import EventType
from surveil_core.ports.clip_jobs import ClipJob, ClipJobs
from surveil_core.ports.event_store import EventStore, ReceivedEvent
from surveil_core.ports.spool import FilmedEvent
from tests.examples import MOTION_EVENT, RECEIVED_AT_UTC, event_number


@frozen(kw_only=True)
class JobSite:
    """Jobs, with the store that makes them and what else must be seen."""

    jobs: ClipJobs
    events: EventStore
    add_clip: Callable[[Sequence[int]], None]
    """Store a clip of these events."""
    reason_of: Callable[[int], str | None]
    """Say why the clip of this event was given up."""


def film(number: int, *, to_film: bool = True) -> ReceivedEvent:
    """Build an event whose clip is promised."""
    return ReceivedEvent(
        event=event_number(number),
        topic="sensor/motion",
        received_at_utc=RECEIVED_AT_UTC,
        to_film=to_film,
    )


def _filmed(number: int) -> FilmedEvent:
    """Name the event that `film(number)` makes, in the row after its number."""
    return FilmedEvent(event_row_id=number + 1, event_id=event_number(number).event_id)


def open_rows(site: JobSite) -> list[int]:
    """Number the events whose clips are still to come."""
    return [job.event_row_id for job in site.jobs.open_jobs()]


class ClipJobsContract:
    """Subclasses give `site`: with empty stores."""

    @pytest.fixture
    def site(self) -> JobSite:
        raise NotImplementedError

    def test_event_to_film_leaves_a_job(self, site: JobSite) -> None:
        """The job is there with the event; an event that is not filmed has none."""
        site.events.add_events([film(0), film(1, to_film=False)])
        assert list(site.jobs.open_jobs()) == [
            ClipJob(
                event_row_id=1,
                event_id=MOTION_EVENT.event_id.replace("abc123", "000000"),
                device_id="raspberry-1",
                event_type=EventType.MOTION_DETECTED,
                received_at_utc=RECEIVED_AT_UTC,
                gpio_pin=17,
            )
        ]

    def test_repeated_event_leaves_no_second_job(self, site: JobSite) -> None:
        """An event that comes again, filmed or not since, is not filmed again."""
        site.events.add_events([film(1), film(1)])
        assert open_rows(site) == [1]
        site.add_clip([1])
        site.events.add_events([film(1)])
        assert open_rows(site) == []

    def test_clip_strikes_out_the_jobs_of_all_its_events(self, site: JobSite) -> None:
        """A clip that shows several events fulfils them all, and no others."""
        site.events.add_events([film(n) for n in range(4)])
        site.add_clip([3, 1])
        assert open_rows(site) == [2, 4]

    def test_events_with_and_without_video_are_told(self, site: JobSite) -> None:
        """Whether their job is open or not; nothing of those that do not exist under their id."""
        site.events.add_events([film(n, to_film=n != 2) for n in range(4)])
        site.add_clip([4])
        site.jobs.give_up([1], reason="too late")
        events = [_filmed(n) for n in range(5)]
        renamed = FilmedEvent(event_row_id=1, event_id=events[1].event_id)
        found = site.jobs.have_video([renamed, *events])
        assert found == {event: event.event_row_id == 4 for event in events[:4]}
        assert site.jobs.have_video([]) == {}

    def test_given_up_job_keeps_its_reason(self, site: JobSite) -> None:
        """Jobs without hope are closed; rows without a job, and an empty list, do no harm."""
        site.events.add_events([film(1), film(2), film(3, to_film=False)])
        site.jobs.give_up([2, 3, 99], reason="the ring lost its pictures")
        site.jobs.give_up([], reason="nothing")
        site.jobs.give_up([2], reason="too late")
        assert open_rows(site) == [1]
        assert site.reason_of(2) == "the ring lost its pictures"
        assert site.reason_of(1) is None
        assert site.reason_of(3) is None
