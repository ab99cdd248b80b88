"""What an earlier run owed, on fakes: which clip is stored, filmed, given up or removed."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import define, evolve, field

from surveil_core.events import EventType
from surveil_core.notices import (
    ClipCutShort,
    ClipFailed,
    SpoolFileRemoved,
    SpoolFileSetAside,
    StoreFailed,
)
from surveil_core.ports.clip_jobs import ClipJob
from surveil_core.ports.recorder import Trigger
from surveil_core.ports.spool import ClipLabel, FilmedEvent
from surveil_core.recording import RecordingPolicy
from surveil_core.services.resuming import (
    DAMAGED_EVENT,
    HAVE_OTHER_VIDEO,
    HAVE_VIDEO,
    NO_PICTURE,
    UNKNOWN_CLIP,
    UNKNOWN_EVENTS,
    ClipResuming,
)
from surveil_core.services.storing import ClipStoring
from surveil_core.video import AccessUnit, VideoFormat
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.clip_jobs import FakeClipJobs
from tests.fakes.clock import FakeClock
from tests.fakes.media_store import FakeMediaStore
from tests.fakes.spool import FakeSpool, FakeSpooledClip

PICTURES = [AccessUnit(annex_b=b"%d" % n, keyframe=n == 0, at_s=n / 10) for n in range(30)]


@define(kw_only=True)
class Rig:
    """The service with everything around it in reach."""

    clock: FakeClock = field(factory=FakeClock)
    announcer: RecordingAnnouncer = field(factory=RecordingAnnouncer)
    spool: FakeSpool = field(factory=FakeSpool)
    jobs: FakeClipJobs = field(factory=FakeClipJobs)
    store: FakeMediaStore = field(init=False)
    storing: ClipStoring = field(init=False)
    resuming: ClipResuming = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.store = FakeMediaStore(jobs=self.jobs)
        self.storing = ClipStoring(
            store=self.store,
            jobs=self.jobs,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )
        self.resuming = ClipResuming(
            spool=self.spool,
            jobs=self.jobs,
            storing=self.storing,
            policy=RecordingPolicy(duration_s=10),
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )

    def event(self, number: int) -> FilmedEvent:
        """Store an event without a job."""
        self.jobs.events[number] = f"evt-{number}"
        return FilmedEvent(event_row_id=number, event_id=f"evt-{number}")

    def job(
        self,
        number: int,
        *,
        age_s: float = 60.0,
        event_type: EventType = EventType.MOTION_DETECTED,
    ) -> FilmedEvent:
        """Store an event with its job, `age_s` ago."""
        event = self.event(number)
        self.jobs.jobs.append(
            ClipJob(
                event_row_id=number,
                event_id=event.event_id,
                device_id="raspberry-1",
                event_type=event_type,
                received_at_utc=self.clock.now_utc() - timedelta(seconds=age_s),
            )
        )
        return event

    def left(
        self,
        *events: FilmedEvent,
        pictures: Sequence[AccessUnit] = PICTURES,
        cut_short: bool = True,
        unread_because: str | None = None,
    ) -> FakeSpooledClip:
        """Leave a clip in the spool; without events its index cannot be read."""
        label = None
        if events:
            label = ClipLabel(
                event=events[0],
                triggered_at_s=2.0,
                triggered_at_utc=self.clock.now_utc() - timedelta(seconds=60),
                format=VideoFormat(fps=10),
            )
        clip = FakeSpooledClip(
            spool=self.spool,
            spool_path=Path(f"/spool/{len(self.spool.left)}.h264"),
            label=label,
            events=events,
            units=list(pictures),
            cut_short=cut_short,
            unread_because=unread_because,
        )
        self.spool.left.append(clip)
        return clip

    def start(self, *rows_in_hand: int) -> Sequence[Trigger]:
        """Resume, then store what is to be stored."""
        self.resuming.start()
        triggers = self.resuming.resume(lambda: rows_in_hand)
        for _ in range(10):
            self.storing.step()
        return triggers


def test_a_clip_cut_short_is_stored_as_salvaged() -> None:
    """Its events have their video, with true length, and it is said why it is short."""
    rig = Rig()
    clip = rig.left(rig.job(1), rig.job(2))
    assert rig.start() == []
    [video] = rig.store.clips
    assert rig.store.event_row_ids == [(1, 2)]
    assert video.salvaged
    assert video.duration_s == pytest.approx(3.0)
    assert video.pre_roll_s == 2.0
    assert clip.discarded
    assert rig.jobs.jobs == []
    assert [n.event_id for n in rig.announcer.of(ClipCutShort)] == ["evt-1"]
    assert rig.announcer.of(ClipFailed) == []


def test_a_finished_clip_is_stored_as_whole() -> None:
    """The database had refused it in the last run: nothing is missing at its end."""
    rig = Rig()
    rig.left(rig.job(1), cut_short=False)
    rig.start()
    assert [clip.salvaged for clip in rig.store.clips] == [False]
    assert rig.announcer.of(ClipCutShort) == []


def test_a_clip_without_a_job_is_stored_with_its_event() -> None:
    """Its event is there and has no video, so the file is what it misses."""
    rig = Rig()
    rig.left(rig.event(1))
    rig.start()
    assert rig.store.event_row_ids == [(1,)]


def test_a_clip_that_was_stored_already_is_removed() -> None:
    """The last run died between the commit and the removal: it is not stored twice."""
    rig = Rig()
    clip = rig.left(rig.job(1))
    rig.jobs.strike_out([1])
    rig.start()
    assert rig.store.clips == []
    assert clip.discarded
    [removed] = rig.announcer.of(SpoolFileRemoved)
    assert (removed.path, removed.reason) == (str(clip.spool_path), HAVE_VIDEO)
    assert not clip.is_aside


def test_a_clip_of_another_database_is_set_aside() -> None:
    """A row of the same number is another event; the database that knows it may come back."""
    rig = Rig()
    foreign = rig.left(FilmedEvent(event_row_id=1, event_id="evt-of-another-database"))
    own = rig.left(rig.job(1))
    rig.start()
    assert rig.store.event_row_ids == [(1,)]
    assert (foreign.is_aside, foreign.discarded) == (True, False)
    assert (own.is_aside, own.discarded) == (False, True)
    assert rig.announcer.of(SpoolFileRemoved) == []
    [told] = rig.announcer.of(SpoolFileSetAside)
    assert (told.path, told.reason) == ("/spool/set_aside/0.h264", UNKNOWN_EVENTS)


def test_a_clip_of_which_an_event_is_unknown_is_no_orphan() -> None:
    """The others have a video, but nobody can say that it is this one."""
    rig = Rig()
    clip = rig.left(rig.event(1), FilmedEvent(event_row_id=2, event_id="evt-gone"))
    rig.jobs.strike_out([1])
    rig.start()
    assert (clip.is_aside, clip.discarded) == (True, False)
    assert [told.reason for told in rig.announcer.of(SpoolFileSetAside)] == [UNKNOWN_EVENTS]


def test_an_event_that_is_gone_does_not_take_the_video_from_the_others() -> None:
    """The clip is stored with those that are there."""
    rig = Rig()
    rig.left(FilmedEvent(event_row_id=7, event_id="evt-gone"), rig.job(8))
    rig.start()
    assert rig.store.event_row_ids == [(8,)]


@pytest.mark.parametrize("known", [True, False])
def test_a_file_without_use_is_removed_and_the_job_told(known: bool) -> None:
    """It has no bytes: the file goes with a notice, the event gets a reason."""
    rig = Rig()
    event = rig.job(1)
    clip = rig.left(event, pictures=()) if known else rig.left(pictures=())
    rig.start()
    assert clip.discarded
    [removed] = rig.announcer.of(SpoolFileRemoved)
    assert removed.reason == (NO_PICTURE if known else UNKNOWN_CLIP)
    assert "too late" in rig.jobs.given_up[1]


@pytest.mark.parametrize("pictures", [PICTURES, ()])
def test_what_could_not_be_read_is_set_aside(pictures: Sequence[AccessUnit]) -> None:
    """The disk may give it to somebody else, so its video may be there; the job is told."""
    rig = Rig()
    rig.job(1)
    clip = rig.left(pictures=pictures, unread_because="Input/output error")
    readable = rig.left(rig.job(2))
    rig.start()
    assert (clip.is_aside, clip.discarded) == (True, False)
    [told] = rig.announcer.of(SpoolFileSetAside)
    assert told.reason == "Input/output error"
    assert readable.discarded
    assert rig.store.event_row_ids == [(2,)]
    assert set(rig.jobs.given_up) == {1}


def test_a_stream_whose_index_is_lost_is_set_aside() -> None:
    """Nothing says what it shows, and a person may see it."""
    rig = Rig()
    clip = rig.left()
    rig.start()
    assert (clip.is_aside, clip.discarded) == (True, False)
    assert [told.reason for told in rig.announcer.of(SpoolFileSetAside)] == [UNKNOWN_CLIP]


def test_a_clip_that_may_not_be_read_keeps_no_other_waiting() -> None:
    """What else is owed is done at once; it is stored when a person has given the right."""
    rig = Rig()
    refused, readable = rig.left(rig.job(1)), rig.left(rig.job(2))
    refused.refused = "cannot read /spool/0.index: Permission denied"
    rig.job(3, age_s=4)
    assert [trigger.event_row_id for trigger in rig.start()] == [3]
    assert rig.store.event_row_ids == [(2,)]
    assert readable.discarded
    assert [told.reason for told in rig.announcer.of(StoreFailed)] == [refused.refused]
    refused.refused = None
    rig.clock.advance(60)
    assert list(rig.resuming.resume(lambda: ())) == []
    assert rig.resuming.is_done
    rig.storing.step()
    assert rig.store.event_row_ids == [(2,), (1,)]
    assert [told.event_id for told in rig.announcer.of(ClipFailed)] == ["evt-1"]


def test_a_clip_that_could_not_be_read_before_its_event_was_filmed_again_is_kept() -> None:
    """Only it has the pre-roll: the video of its event is another film."""
    rig = Rig()
    event = rig.job(1, age_s=4)
    refused = rig.left(event)
    refused.refused = "cannot read /spool/0.index: Permission denied"
    [again] = rig.start()
    assert again.event_row_id == 1
    rig.jobs.strike_out([1])
    refused.refused = None
    rig.clock.advance(60)
    assert list(rig.resuming.resume(lambda: (1,))) == []
    rig.storing.step()
    assert (refused.is_aside, refused.discarded) == (True, False)
    [told] = rig.announcer.of(SpoolFileSetAside)
    assert told.reason == HAVE_OTHER_VIDEO
    assert rig.announcer.of(SpoolFileRemoved) == []


def test_a_reason_does_not_deny_a_film_that_may_lie_unread() -> None:
    """It is closed while its clip may not be read: only what was found can be told."""
    rig = Rig()
    rig.left(rig.job(1)).refused = "Permission denied"
    rig.start()
    assert rig.jobs.given_up[1].startswith("no film of it was found that can be stored, and ")
    assert "nothing was filmed" not in rig.jobs.given_up[1]


def test_a_job_whose_time_is_not_over_is_filmed_now() -> None:
    """The trigger has the instant of the event on today's clock."""
    rig = Rig()
    rig.job(1, age_s=4)
    rig.job(2, age_s=10)
    [trigger] = rig.start()
    assert trigger == Trigger(
        event_row_id=1,
        event_id="evt-1",
        event_type=EventType.MOTION_DETECTED,
        at_s=rig.clock.monotonic_s() - 4,
    )
    assert set(rig.jobs.given_up) == {2}
    [failed] = rig.announcer.of(ClipFailed)
    assert failed.reason.endswith("2025-01-15 14:30:45 UTC")


def test_a_job_from_the_future_is_given_up() -> None:
    """A clock that was set back cannot tell how old an event is."""
    rig = Rig()
    rig.job(1, age_s=-5)
    assert rig.start() == []
    assert 1 in rig.jobs.given_up


@pytest.mark.parametrize("damage", [{"received_at_utc": None}, {"event_type": None}])
def test_a_job_of_a_damaged_event_is_given_up(damage: dict[str, None]) -> None:
    """Nobody can tell whether it is to be filmed still; the other jobs go on."""
    rig = Rig()
    for number in (1, 2):
        rig.job(number, age_s=1)
    rig.jobs.jobs[0] = evolve(rig.jobs.jobs[0], **damage)
    assert [trigger.event_row_id for trigger in rig.start()] == [2]
    assert rig.jobs.given_up == {1: DAMAGED_EVENT}


def test_a_job_of_a_type_that_is_filmed_no_more_is_given_up() -> None:
    """The owner changed the settings between two runs."""
    rig = Rig()
    rig.job(1, age_s=1, event_type=EventType.BUTTON_PRESSED)
    assert rig.start() == []
    assert rig.jobs.given_up == {1: "events of its type are filmed no more"}


def test_events_of_this_run_are_left_alone() -> None:
    """Whatever age their jobs have, their triggers are under way."""
    rig = Rig()
    rig.job(1, age_s=1)
    rig.job(2, age_s=100)
    assert rig.start(1, 2) == []
    assert rig.jobs.given_up == {}


def test_nothing_is_decided_before_the_database_answers() -> None:
    """It is tried again with growing delays, and then done once."""
    rig = Rig()
    rig.left(rig.job(1))
    rig.jobs.failures = 3
    rig.resuming.start()
    for _ in range(100):
        rig.resuming.resume(lambda: ())
        rig.clock.advance(0.5)
    assert rig.resuming.is_done
    assert [n.retry_in_s for n in rig.announcer.of(StoreFailed)] == [2, 4, 8]
    rig.storing.step()
    assert rig.store.event_row_ids == [(1,)]


def test_no_clip_is_read_before_the_database_answers_and_none_twice() -> None:
    """To read hundreds takes seconds of the camera's thread, at each try."""
    rig = Rig()
    taken, refused = rig.left(rig.job(1)), rig.left(rig.job(2))
    refused.refused = "Permission denied"
    rig.jobs.failures = 1
    rig.resuming.start()
    rig.resuming.resume(lambda: ())
    assert rig.spool.read == []
    for _ in range(2):
        rig.clock.advance(60)
        rig.resuming.resume(lambda: ())
    assert rig.spool.read == [taken.spool_path, refused.spool_path, refused.spool_path]


def test_jobs_of_another_camera_are_left_to_it() -> None:
    """Neither filmed nor given up, however old."""
    rig = Rig()
    rig.job(1, age_s=3)
    rig.job(2, age_s=3)
    rig.job(3)
    rig.resuming.is_mine = lambda job: job.event_row_id == 1
    rig.resuming.start()
    assert [trigger.event_row_id for trigger in rig.resuming.resume(list)] == [1]
    rig.storing.step()
    assert rig.jobs.given_up == {}
