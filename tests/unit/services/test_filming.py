"""The recorder on fakes: which pictures end in which clip."""

from collections import deque
from itertools import pairwise
from pathlib import Path

import pytest
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from surveil_core.events import EventType
from surveil_core.notices import (
    CameraLost,
    ClipCaptured,
    ClipCutShort,
    ClipFailed,
    ClipPostponed,
    ClipStored,
    RecordingExtended,
    RecordingStarted,
)
from surveil_core.ports.clip_jobs import ClipJob
from surveil_core.ports.recorder import Trigger
from surveil_core.ports.spool import ClipLabel, FilmedEvent
from surveil_core.preroll import DEFAULT_RING_BYTES
from surveil_core.recording import CameraMode, RecordingPolicy
from surveil_core.services.clip_recording import NOT_HELD
from surveil_core.services.filming import FilmingService
from surveil_core.services.held_camera import HeldCamera
from surveil_core.services.resuming import ClipResuming
from surveil_core.services.storing import ClipStoring
from surveil_core.video import GAP_S, AccessUnit, VideoFormat
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.aside import FakeAside
from tests.fakes.camera import FakeCamera
from tests.fakes.clip_jobs import FakeClipJobs
from tests.fakes.clock import FakeClock
from tests.fakes.media_store import FakeMediaStore
from tests.fakes.spool import FakeSpool, FakeSpooledClip
from tests.fakes.trigger_queue import FakeTriggerQueue

GROUP_S = 1.0
PICTURE_S = 0.1


@define(kw_only=True)
class Rig:
    """A filming service with everything around it in reach."""

    mode: CameraMode = CameraMode.STANDBY
    policy: RecordingPolicy = field(factory=lambda: RecordingPolicy(max_duration_s=30))
    max_ring_bytes: int = DEFAULT_RING_BYTES
    clock: FakeClock = field(factory=FakeClock)
    announcer: RecordingAnnouncer = field(factory=RecordingAnnouncer)
    spool: FakeSpool = field(factory=FakeSpool)
    jobs: FakeClipJobs = field(factory=FakeClipJobs)
    aside: FakeAside = field(factory=FakeAside)
    source: FakeCamera = field(init=False)
    store: FakeMediaStore = field(init=False)
    triggers: FakeTriggerQueue = field(init=False)
    filming: FilmingService = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.source = FakeCamera(clock=self.clock)
        self.store = FakeMediaStore(clock=self.clock, jobs=self.jobs)
        self.triggers = FakeTriggerQueue(clock=self.clock)
        storing = ClipStoring(
            store=self.store,
            jobs=self.jobs,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )
        resuming = ClipResuming(
            spool=self.spool,
            jobs=self.jobs,
            storing=storing,
            policy=self.policy,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )
        self.filming = FilmingService(
            camera=HeldCamera(
                source=self.source,
                clock=self.clock,
                announcer=self.announcer,
                random_unit=lambda: 0.0,
            ),
            spool=self.spool,
            storing=storing,
            resuming=resuming,
            aside=self.aside,
            triggers=self.triggers,
            clock=self.clock,
            announcer=self.announcer,
            policy=self.policy,
            mode=self.mode,
            max_ring_bytes=self.max_ring_bytes,
        )
        self.filming.open()

    def run(self, duration_s: float) -> None:
        """Call `step` until `duration_s` have passed."""
        until_s = self.clock.monotonic_s() + duration_s
        while self.clock.monotonic_s() < until_s:
            self.filming.step(0.2)

    def promise(self, number: int = 1) -> None:
        """Store an event with its clip job."""
        self.jobs.events[number] = f"evt-{number}"
        self.jobs.jobs.append(
            ClipJob(
                event_row_id=number,
                event_id=f"evt-{number}",
                device_id="raspberry-1",
                event_type=EventType.MOTION_DETECTED,
                received_at_utc=self.clock.now_utc(),
            )
        )

    def fire(
        self,
        number: int = 1,
        event_type: EventType = EventType.MOTION_DETECTED,
        *,
        age_s: float = 0.0,
    ) -> Trigger:
        """Store an event with its clip job, and trigger now."""
        if number not in self.jobs.events:
            self.promise(number)
        trigger = Trigger(
            event_row_id=number,
            event_id=f"evt-{number}",
            event_type=event_type,
            at_s=self.clock.monotonic_s(),
            age_s=age_s,
        )
        self.filming.trigger(trigger)
        return trigger


def test_a_clip_holds_what_came_before_its_trigger() -> None:
    """In standby the clip begins `pre_roll_s` early, at a keyframe, one group at most."""
    rig = Rig()
    rig.run(20)
    trigger = rig.fire()
    rig.run(12)
    [clip] = rig.store.clips
    units = rig.spool.writers[0].units
    assert units[0].keyframe
    assert 3.0 <= trigger.at_s - units[0].at_s <= 3.0 + GROUP_S + PICTURE_S
    assert clip.pre_roll_s == pytest.approx(trigger.at_s - units[0].at_s)
    assert 10 - 2 * PICTURE_S <= units[-1].at_s - trigger.at_s <= 10
    assert clip.duration_s == pytest.approx(units[-1].at_s - units[0].at_s + PICTURE_S)
    age_s = (rig.clock.now_utc() - clip.started_at_utc).total_seconds()
    assert age_s == pytest.approx(rig.clock.monotonic_s() - units[0].at_s, abs=1e-3)


def test_pre_roll_is_counted_from_the_edge_however_late_its_message() -> None:
    """A message that took a second to come costs no film before the instant that it tells of."""
    rig = Rig()
    rig.run(20)
    rig.promise(1)
    late = Trigger(
        event_row_id=1,
        event_id="evt-1",
        event_type=EventType.MOTION_DETECTED,
        at_s=rig.clock.monotonic_s(),
        age_s=1.0,
    )
    rig.filming.trigger(late)
    rig.run(12)
    [clip] = rig.store.clips
    units = rig.spool.writers[0].units
    happened_at_s = late.at_s - 1.0
    assert 3.0 <= happened_at_s - units[0].at_s <= 3.0 + GROUP_S + PICTURE_S
    assert clip.pre_roll_s == pytest.approx(happened_at_s - units[0].at_s)
    assert 10 - 2 * PICTURE_S <= units[-1].at_s - late.at_s <= 10


def await_event(rig: Rig, number: int) -> Trigger:
    """Let an event happen now that the database makes wait."""
    rig.promise(number)
    trigger = Trigger(
        event_row_id=number,
        event_id=f"evt-{number}",
        event_type=EventType.MOTION_DETECTED,
        at_s=rig.clock.monotonic_s(),
    )
    rig.filming.expect(trigger.at_s)
    return trigger


def let_come(rig: Rig, trigger: Trigger) -> None:
    """Let it be stored at last."""
    rig.filming.trigger(trigger)
    rig.filming.expect(None)


@pytest.mark.parametrize("wait_s", [6.0, 14.0, 90.0])
def test_an_event_that_waited_to_be_stored_has_its_film(wait_s: float) -> None:
    """As while a long video goes into the database; no more and no less than it would have had."""
    rig = Rig()
    rig.run(20)
    trigger = await_event(rig, 1)
    rig.run(wait_s)
    let_come(rig, trigger)
    rig.run(12)
    [clip] = rig.store.clips
    assert 3.0 <= clip.pre_roll_s <= 3.0 + GROUP_S + PICTURE_S
    assert clip.duration_s - clip.pre_roll_s == pytest.approx(10, abs=2 * PICTURE_S)
    assert clip.missing_s == 0
    assert rig.filming.figures.ring.held_s <= 3 + 2 + GROUP_S + PICTURE_S


def test_an_event_that_waited_for_longer_than_the_ring_goes_back_is_told() -> None:
    """What the ring still has shows another time."""
    rig = Rig(max_ring_bytes=2000)  # some seconds of this camera
    rig.run(20)
    trigger = await_event(rig, 1)
    rig.run(600)
    let_come(rig, trigger)
    rig.run(12)
    assert rig.store.clips == []
    assert rig.jobs.given_up == {1: NOT_HELD}
    rig.fire(2)
    rig.run(12)
    assert len(rig.store.clips) == 1


def test_an_event_that_waited_while_the_camera_was_lost_has_its_pre_roll() -> None:
    """The ring outlives the loss as long as the event may come."""
    rig = Rig()
    rig.run(20)
    trigger = await_event(rig, 1)
    rig.run(1)
    rig.source.opening_takes_s = 3.0
    lose_for_a_moment(rig)
    rig.run(5)
    let_come(rig, trigger)
    rig.run(12)
    [clip] = rig.store.clips
    assert clip.pre_roll_s >= 3
    assert clip.missing_s == pytest.approx(3.5, abs=2 * PICTURE_S)


@pytest.mark.parametrize(("wait_s", "is_open"), [(6.0, True), (90.0, False)])
def test_on_demand_the_camera_stays_open_for_an_event_that_waits(
    wait_s: float, is_open: bool
) -> None:
    """It has the event's film already; an outage is not worth an open camera."""
    rig = Rig(mode=CameraMode.ON_DEMAND)
    rig.fire(1)
    rig.run(8)
    trigger = await_event(rig, 2)
    rig.run(wait_s)
    assert len(rig.store.clips) == 1
    assert rig.source.is_open is is_open
    if is_open:
        let_come(rig, trigger)
        rig.run(14)
        assert rig.store.clips[1].start_delay_s == 0
        assert rig.source.opened == 1


def test_the_notices_of_a_clip_come_in_order() -> None:
    """A reader of the log sees the start, the capture and the row, as in the spec."""
    rig = Rig()
    rig.run(5)
    rig.fire(7)
    rig.run(12)
    assert rig.announcer.kinds() == ["RecordingStarted", "ClipCaptured", "ClipStored"]
    started, captured, stored = rig.announcer.notices
    assert isinstance(started, RecordingStarted)
    assert isinstance(captured, ClipCaptured)
    assert isinstance(stored, ClipStored)
    assert started.spool_path.startswith("/spool/recording_evt-7_17369")
    assert captured.source == "fake"
    assert (stored.row_id, stored.event_id) == (1, "evt-7")
    assert stored.clip_bytes == captured.clip_bytes > 0
    assert rig.spool.writers[0].discarded


def test_an_event_during_a_clip_prolongs_it_and_is_linked() -> None:
    """One clip, two events, ten seconds after the second."""
    rig = Rig()
    rig.run(5)
    rig.fire(1)
    rig.run(6)
    second = rig.fire(2)
    rig.run(12)
    assert rig.store.event_row_ids == [(1, 2)]
    assert rig.spool.writers[0].units[-1].at_s == pytest.approx(second.at_s + 10, abs=2 * PICTURE_S)
    [extended] = rig.announcer.of(RecordingExtended)
    assert extended.remaining_s == pytest.approx(10)


def test_events_without_end_make_clips_of_bounded_length() -> None:
    """At the cap a clip ends, and the next event starts another with its own pre-roll."""
    rig = Rig()
    for number in range(1, 30):
        rig.fire(number)
        rig.run(2)
    rig.run(12)
    assert len(rig.store.clips) == 2
    assert rig.store.clips[0].duration_s <= 30 + 3 + GROUP_S + 2 * PICTURE_S
    assert sum(rig.store.event_row_ids, ()) == tuple(range(1, 30))


def test_pictures_that_waited_while_a_clip_was_stored_are_in_the_next() -> None:
    """Storing takes 2 s; a motion meanwhile still has all its pre-roll, without a gap."""
    rig = Rig()
    rig.store.storing_takes_s = 2.0
    rig.run(5)
    rig.fire(1)
    while not rig.store.clips:
        rig.filming.step(0.2)
    second = rig.fire(2)
    rig.run(15)
    units = rig.spool.writers[1].units
    assert 3.0 <= second.at_s - units[0].at_s <= 3.0 + GROUP_S + PICTURE_S
    steps = [later.at_s - earlier.at_s for earlier, later in pairwise(units)]
    assert steps == pytest.approx([PICTURE_S] * len(steps))


def test_an_event_while_a_clip_is_stored_is_filmed_at_once() -> None:
    """Into the spool, so a power cut takes no more of it than of any clip."""
    rig = Rig(aside=FakeAside(takes_long=True))
    rig.run(5)
    rig.fire(1)
    rig.run(12)
    rig.fire(2)
    rig.run(3)
    assert rig.announcer.of(ClipStored) == []
    assert [one.event_id for one in rig.announcer.of(RecordingStarted)] == ["evt-1", "evt-2"]
    rig.filming.close()
    assert [one.event_id for one in rig.announcer.of(ClipStored)] == ["evt-1", "evt-2"]


def test_a_failure_of_storing_ends_the_loop_which_is_started_again() -> None:
    """As any failure of a service; the clip stays in the spool."""
    rig = Rig(aside=FakeAside())
    rig.filming.storing.make_room = lambda new_bytes, **_: _crash()
    rig.run(5)
    rig.fire(1)
    with pytest.raises(ZeroDivisionError):
        rig.run(12)
    rig.filming.storing.make_room = lambda new_bytes, **_: None
    rig.filming.close()
    assert [one.event_id for one in rig.announcer.of(ClipStored)] == ["evt-1"]


def test_a_failure_that_outlasts_the_farewell_leaves_the_clip_to_the_next_start() -> None:
    """The spool is given back with it; then it is stored once, as if nothing had been."""
    rig = Rig()
    rig.filming.storing.make_room = lambda new_bytes, **_: _crash()
    rig.run(5)
    rig.fire(1)
    with pytest.raises(ZeroDivisionError):
        rig.run(12)
    with pytest.raises(ZeroDivisionError):
        rig.filming.close()
    assert not rig.spool.is_open
    rig.filming.storing.make_room = lambda new_bytes, **_: None
    rig.filming.open()
    rig.run(5)
    assert [one.event_id for one in rig.announcer.of(ClipStored)] == ["evt-1"]
    assert rig.announcer.of(ClipFailed) == []
    assert rig.filming.figures.waiting_clips == 0


def _crash() -> None:
    raise ZeroDivisionError


def test_an_event_in_the_pause_after_a_clip_says_so() -> None:
    """It has a row and a reason; the next one after the pause is filmed with its pre-roll."""
    rig = Rig(policy=RecordingPolicy(max_duration_s=30, cooldown_s=20))
    rig.run(5)
    rig.fire(1)
    rig.run(15)
    rig.fire(2)
    rig.run(20)
    third = rig.fire(3)
    rig.run(12)
    assert rig.store.event_row_ids == [(1,), (3,)]
    assert rig.jobs.given_up == {2: "it came within recording.cooldown_s of the last video"}
    assert rig.spool.writers[1].units[0].at_s <= third.at_s - 3


def test_events_that_are_not_filmed_change_nothing() -> None:
    """A button press makes no clip under the spec's policy."""
    rig = Rig()
    rig.run(5)
    rig.fire(event_type=EventType.BUTTON_PRESSED)
    rig.run(5)
    assert rig.announcer.notices == []


def test_a_trigger_too_many_is_told() -> None:
    """While nothing films, the queue fills up; what finds it full has no clip."""
    rig = Rig()
    rig.triggers.max_triggers = 1
    rig.fire(1)
    rig.fire(2)
    [failed] = rig.announcer.of(ClipFailed)
    assert (failed.event_id, failed.kept_path) == ("evt-2", None)


def break_camera(rig: Rig, reason: str = "ffmpeg was killed by signal 9") -> CameraLost:
    """Let the camera die in a clip; returns what was told."""
    rig.run(5)
    rig.fire(1)
    rig.run(4)
    rig.source.dies_with = reason
    rig.filming.step(0.2)
    [lost] = rig.announcer.of(CameraLost)
    assert lost.reason == reason
    assert not rig.source.is_open
    return lost


@pytest.mark.parametrize("mode", CameraMode)
def test_a_camera_lost_in_mid_clip_films_on_when_it_is_back(mode: CameraMode) -> None:
    """One clip with a gap, and it says how long the gap is; both events lead to it."""
    rig = Rig(mode=mode)
    lost = break_camera(rig)
    rig.source.dies_with = None
    rig.fire(2)
    rig.run(12)
    [clip] = rig.store.clips
    assert rig.store.event_row_ids == [(1, 2)]
    assert clip.missing_s == pytest.approx(max(lost.retry_in_s, 0.5), abs=0.6)
    wanted_s = 14 if mode is CameraMode.ON_DEMAND else 17
    assert clip.duration_s == pytest.approx(wanted_s, abs=GROUP_S + 3 * PICTURE_S)
    assert not clip.salvaged


def test_a_camera_that_stays_away_leaves_the_clip_that_there_is() -> None:
    """It is stored when its time is over, and says what it lacks; who came later has none."""
    rig = Rig()
    break_camera(rig)
    rig.run(1)
    rig.fire(2)
    rig.run(12)
    [clip] = rig.store.clips
    assert rig.store.event_row_ids == [(1,)]
    assert clip.duration_s == pytest.approx(8, abs=GROUP_S + PICTURE_S)
    assert clip.missing_s == pytest.approx(6, abs=3 * PICTURE_S)
    assert rig.jobs.given_up == {2: "ffmpeg was killed by signal 9"}
    rig.source.dies_with = None
    rig.run(31)
    rig.fire(3)
    rig.run(12)
    assert rig.store.event_row_ids == [(1,), (3,)]
    assert rig.store.clips[1].missing_s == 0


def test_a_camera_that_comes_back_as_another_films_into_a_clip_of_its_own() -> None:
    """Pictures of two sizes do not go into one video."""
    rig = Rig()
    break_camera(rig)
    rig.source.dies_with = None
    rig.source.format = VideoFormat(width=128, height=96, fps=10)
    rig.fire(2)
    rig.run(13)
    assert rig.store.event_row_ids == [(1,), (2,)]
    assert [clip.format.resolution for clip in rig.store.clips] == ["64x48", "128x96"]


def test_a_silent_camera_counts_as_lost() -> None:
    """A camera that hangs is closed and opened again."""
    rig = Rig()
    rig.run(2)
    rig.source.silent = True
    rig.run(7)
    assert "no picture for 5 s" in rig.announcer.of(CameraLost)[0].reason
    assert rig.source.opened == 2


@pytest.mark.parametrize("late_s", [0.1, 1.5])
def test_an_event_whose_message_comes_after_the_camera_is_gone_keeps_what_came_before(
    late_s: float,
) -> None:
    """The sensor is quicker than who cuts the cable, and its message is not."""
    rig = Rig()
    rig.run(10)
    rig.source.dies_with, rig.source.open_errors = "cut", deque(["unreachable"] * 20)
    rig.run(late_s)
    rig.fire(1)
    rig.run(16)
    assert rig.jobs.given_up == {}
    [clip] = rig.store.clips
    assert clip.pre_roll_s >= 3


def test_an_event_whose_message_comes_when_the_camera_is_back_keeps_what_came_before() -> None:
    """It happened before the loss; the clip begins there and goes on behind the gap."""
    rig = Rig()
    rig.run(10)
    rig.source.opening_takes_s = 0.4
    lost_at_s = lose_for_a_moment(rig)
    rig.run(1.2)
    trigger = rig.fire(1, age_s=rig.clock.monotonic_s() - lost_at_s + 0.2)
    rig.run(12)
    [clip] = rig.store.clips
    assert 3 <= clip.pre_roll_s <= 3 + GROUP_S + PICTURE_S
    assert clip.missing_s == pytest.approx(0.9, abs=PICTURE_S)
    assert rig.spool.writers[0].units[-1].at_s == pytest.approx(trigger.at_s + 10, abs=0.2)


@pytest.mark.parametrize("opening_takes_s", [0.5, 2, 5])
def test_an_event_whose_message_comes_while_the_camera_opens_keeps_what_came_before(
    opening_takes_s: float,
) -> None:
    """However long that takes: it came within two seconds of the loss."""
    rig = Rig()
    rig.run(10)
    rig.source.while_opening = lambda: rig.source.opened == 2 and rig.fire(1, age_s=1.5)
    rig.source.opening_takes_s = opening_takes_s
    lose_for_a_moment(rig)
    rig.run(20)
    [clip] = rig.store.clips
    if opening_takes_s < 4:
        assert 3 <= clip.pre_roll_s <= 3 + GROUP_S + PICTURE_S
        assert clip.missing_s == pytest.approx(0.5 + opening_takes_s, abs=2 * PICTURE_S)
    else:
        assert (clip.pre_roll_s, clip.missing_s) == (0, 0)


def test_what_came_before_a_camera_is_back_as_another_is_in_no_clip_with_its_pictures() -> None:
    """One video has one set of parameters; what the event still has is the later film."""
    rig = Rig()
    rig.run(10)
    lost_at_s = lose_for_a_moment(rig)
    rig.source.format = VideoFormat(width=128, height=96, fps=10)
    rig.run(0.9)
    rig.fire(1, age_s=rig.clock.monotonic_s() - lost_at_s + 0.2)
    rig.run(12)
    [clip] = rig.store.clips
    assert clip.format.resolution == "128x96"
    assert rig.spool.writers[0].units[0].at_s >= lost_at_s + 0.5
    assert clip.missing_s == 0


def test_what_a_camera_gave_before_it_was_away_for_long_is_no_pre_roll() -> None:
    """Also when it opens at the first try, and only takes its time for it."""
    rig = Rig()
    rig.run(10)
    rig.source.opening_takes_s = 6
    lost_at_s = lose_for_a_moment(rig)
    rig.run(7)
    rig.fire(1)
    rig.run(12)
    assert rig.spool.writers[0].units[0].at_s > lost_at_s + 6


def test_a_camera_that_comes_back_again_and_again_without_a_picture_keeps_the_ring_no_longer() -> (
    None
):
    """Two seconds count from the loss of the one that gave its pictures."""
    rig = Rig()
    rig.run(10)
    rig.source.dies_with = "cut"
    rig.run(2.5)
    assert rig.source.opened >= 3
    assert rig.filming.figures.ring.held_bytes == 0


def lose_for_a_moment(rig: Rig) -> float:
    """Let the camera die; it may be had again half a second later. Returns when it died."""
    rig.source.dies_with = "cut"
    rig.filming.step(0.2)
    rig.source.dies_with = None
    return rig.clock.monotonic_s()


def test_what_a_camera_gave_long_before_an_event_is_not_its_pre_roll() -> None:
    """It would show another time."""
    rig = Rig()
    rig.run(10)
    rig.source.dies_with, rig.source.open_errors = "cut", deque(["unreachable"] * 20)
    rig.run(3)
    rig.fire(1)
    rig.run(16)
    assert rig.store.clips == []
    assert len(rig.jobs.given_up) == 1
    assert rig.filming.figures.ring.held_bytes == 0


@pytest.mark.parametrize("silent_s", [0.0, 1.0, 4.5])
def test_an_event_that_a_camera_takes_with_it_keeps_what_came_before(silent_s: float) -> None:
    """Whoever cuts the cable walks up to it first: those pictures are there, so they are stored."""
    rig = Rig()
    rig.run(10)
    rig.source.silent, rig.source.open_errors = True, deque(["unreachable"] * 20)
    rig.run(silent_s)
    rig.fire(1)
    if not silent_s:
        rig.source.dies_with = "cut"
    rig.run(16)
    assert rig.jobs.given_up == {}
    [clip] = rig.store.clips
    assert clip.pre_roll_s >= 3
    assert clip.duration_s + clip.missing_s == pytest.approx(clip.pre_roll_s + 10, abs=PICTURE_S)


@pytest.mark.parametrize("silent_s", [0.0, 1.0, 4.5])
def test_an_event_that_a_camera_takes_with_it_in_mid_clip_shares_the_clip(silent_s: float) -> None:
    """It holds what came before the event, which without a clip would have got one of its own."""
    rig = Rig()
    rig.run(10)
    rig.fire(1)
    rig.run(1)
    rig.source.silent, rig.source.open_errors = True, deque(["unreachable"] * 40)
    rig.run(silent_s)
    rig.fire(2)
    if not silent_s:
        rig.source.dies_with = "cut"
    rig.run(26)
    assert rig.jobs.given_up == {}
    assert rig.store.event_row_ids == [(1, 2)]
    [clip] = rig.store.clips
    filmed_s = clip.pre_roll_s + 1 + silent_s + 10
    assert clip.duration_s + clip.missing_s == pytest.approx(filmed_s, abs=3 * PICTURE_S)


def test_an_event_long_after_the_loss_of_a_camera_does_not_share_the_clip() -> None:
    """Nothing of its time is in it."""
    rig = Rig()
    rig.run(10)
    rig.fire(1)
    rig.run(1)
    rig.source.dies_with, rig.source.open_errors = "cut", deque(["unreachable"] * 40)
    rig.run(3)
    rig.fire(2)
    rig.run(26)
    assert rig.jobs.given_up == {2: "unreachable"}
    assert rig.store.event_row_ids == [(1,)]


def test_a_trigger_without_a_camera_is_told_with_the_reason() -> None:
    """No camera: the event waits in vain, the log says why it has no clip, tries grow apart."""
    rig = Rig()
    rig.source.open_errors = deque(["v4l2: no such device"] * 5)
    rig.run(1)
    rig.fire(1)
    rig.run(9.5)
    assert rig.announcer.of(ClipFailed) == []
    rig.run(1)
    [failed] = rig.announcer.of(ClipFailed)
    assert (failed.event_id, failed.reason) == ("evt-1", "v4l2: no such device")
    rig.run(5)
    delays_s = [lost.retry_in_s for lost in rig.announcer.of(CameraLost)]
    assert delays_s == [0.5, 1, 2, 4, 8]
    assert rig.source.is_open


@pytest.mark.parametrize("mode", CameraMode)
def test_an_event_in_a_short_gap_of_the_camera_is_filmed(mode: CameraMode) -> None:
    """A camera that is back within seconds films it from then on; the clip tells the delay.

    In standby it begins with what came before the gap, and tells that.
    """
    rig = Rig(mode=mode)
    rig.run(5)
    rig.source.dies_with, rig.source.open_errors = "unplugged", deque(["no such device"])
    rig.run(0.2)
    rig.fire(1)
    rig.run(0.2)
    rig.source.dies_with = None
    rig.run(14)
    assert rig.announcer.of(ClipFailed) == []
    assert rig.store.event_row_ids == [(1,)]
    [clip] = rig.store.clips
    if mode is CameraMode.STANDBY:
        assert clip.pre_roll_s >= 3
        assert 0 < clip.missing_s < 3
    else:
        assert 0 < clip.start_delay_s < 3
    assert clip.duration_s >= 9


def test_an_event_behind_a_clip_that_a_lost_camera_cut_is_filmed() -> None:
    """It happened shortly before the clip's time was over; the camera is back shortly after."""
    rig = Rig()
    break_camera(rig)
    rig.run(4)
    rig.fire(2)
    rig.run(2.5)
    rig.source.dies_with = None
    rig.run(20)
    assert rig.store.event_row_ids == [(1,), (2,)]
    assert rig.jobs.given_up == {}


@pytest.mark.parametrize("mode", CameraMode)
def test_a_camera_that_opens_but_never_films_fails_the_event_in_time(mode: CameraMode) -> None:
    """Opening it again and again does not keep an event waiting for longer than its film."""
    rig = Rig(mode=mode)
    rig.run(5)
    rig.source.dies_with = "killed"
    rig.run(2.5)
    rig.fire(1)
    rig.run(9)
    assert rig.jobs.given_up == {}
    rig.run(1.5)
    assert rig.jobs.given_up == {1: "killed"}


def test_on_demand_opens_for_a_clip_and_closes_after_it() -> None:
    """As in the spec: the log begins before the camera, and the clip has its ten seconds."""
    rig = Rig(mode=CameraMode.ON_DEMAND)
    rig.source.opening_takes_s = 1.5
    rig.run(3)
    assert rig.source.opened == 0
    rig.fire(1)
    rig.run(13)
    [clip] = rig.store.clips
    assert (rig.source.opened, rig.source.closed) == (1, 1)
    assert (clip.pre_roll_s, clip.missing_s) == (0, 0)
    assert clip.start_delay_s == pytest.approx(1.5)
    assert clip.duration_s == pytest.approx(10, abs=2 * PICTURE_S)
    [captured] = rig.announcer.of(ClipCaptured)
    assert captured.start_delay_s == clip.start_delay_s
    assert rig.filming.figures.ring.held_bytes == 0
    assert rig.filming.figures.camera.start_s == pytest.approx(1.5)


@pytest.mark.parametrize("cooldown_s", [0, 20])
def test_on_demand_a_camera_that_opens_for_longer_than_a_clip_lasts_films_it(
    cooldown_s: int,
) -> None:
    """The clip says how late it begins, and is as long as any."""
    policy = RecordingPolicy(max_duration_s=30, cooldown_s=cooldown_s)
    rig = Rig(mode=CameraMode.ON_DEMAND, policy=policy)
    rig.source.opening_takes_s = 12
    rig.run(1)
    rig.fire(1)
    rig.run(24)
    assert rig.jobs.given_up == {}
    [clip] = rig.store.clips
    assert clip.start_delay_s == pytest.approx(12)
    assert clip.duration_s == pytest.approx(10, abs=2 * PICTURE_S)


def test_on_demand_failing_to_open_fails_the_clip_with_the_reason() -> None:
    """Nothing is left in the spool, and the next event tries again."""
    rig = Rig(mode=CameraMode.ON_DEMAND)
    rig.source.open_errors = deque(["busy"] * 5)
    rig.fire(1)
    rig.run(11)
    assert [failed.reason for failed in rig.announcer.of(ClipFailed)] == ["busy"]
    assert rig.spool.writers[0].discarded
    rig.fire(2)
    rig.run(18)
    assert rig.store.event_row_ids == [(2,)]


def test_on_demand_what_failed_before_a_good_clip_costs_no_event_its_tries() -> None:
    """One that finds the camera busy once is filmed half a second later."""
    rig = Rig(mode=CameraMode.ON_DEMAND)
    rig.source.open_errors = deque(["unplugged"] * 5)
    for number in (1, 2):
        rig.fire(number)
        rig.run(40)
    assert rig.store.event_row_ids == [(2,)]
    rig.run(3600)
    rig.source.open_errors = deque(["busy"])
    rig.fire(3)
    rig.run(12)
    assert rig.store.event_row_ids == [(2,), (3,)]


def test_stopping_stores_the_clip_in_hand() -> None:
    """A stop in mid-clip leaves a shorter clip, and a closed camera."""
    rig = Rig()
    rig.run(5)
    rig.fire(1)
    rig.run(2)
    rig.filming.close()
    rig.filming.close()
    assert rig.store.event_row_ids == [(1,)]
    assert rig.store.clips[0].duration_s == pytest.approx(5.5, abs=GROUP_S)
    assert not rig.source.is_open


def test_a_trigger_at_the_very_stop_is_filmed_from_the_ring() -> None:
    """What was asked for before the stop gets at least its pre-roll."""
    rig = Rig()
    rig.run(5)
    rig.fire(1)
    rig.filming.close()
    assert rig.store.event_row_ids == [(1,)]


@pytest.mark.parametrize("error", ["start_error", "append_error"])
def test_a_full_disk_fails_the_clip_and_nothing_else(error: str) -> None:
    """The reason stays with the event, no file does; the next clip is made."""
    rig = Rig()
    rig.run(5)
    setattr(rig.spool, error, "No space left on device")
    rig.fire(1)
    rig.run(12)
    [failed] = rig.announcer.of(ClipFailed)
    assert (failed.reason, failed.kept_path) == ("No space left on device", None)
    assert rig.jobs.given_up == {1: "No space left on device"}
    assert all(writer.discarded for writer in rig.spool.writers)
    setattr(rig.spool, error, None)
    rig.fire(2)
    rig.run(12)
    assert rig.store.event_row_ids == [(2,)]


def test_a_disk_that_fills_in_mid_clip_costs_only_what_was_not_filmed() -> None:
    """What was written is stored as cut short; the next event has a clip of its own."""
    rig = Rig()
    rig.run(5)
    rig.fire(1)
    rig.run(2)
    rig.spool.append_error = "No space left on device"
    rig.run(2)
    rig.spool.append_error = None
    rig.fire(2)
    rig.run(12)
    [cut] = rig.announcer.of(ClipCutShort)
    assert (cut.event_id, cut.reason) == ("evt-1", "No space left on device")
    assert rig.store.event_row_ids == [(1,), (2,)]
    assert [clip.salvaged for clip in rig.store.clips] == [True, False]
    assert rig.announcer.of(ClipFailed) == []


def test_an_event_that_cannot_join_a_clip_begins_another() -> None:
    """The disk refuses the line that links it, and has room again for a clip of its own."""
    rig = Rig()
    rig.run(5)
    rig.fire(1)
    rig.run(2)
    rig.spool.event_error = "No space left on device"
    rig.fire(2)
    rig.run(12)
    assert rig.store.event_row_ids == [(1,), (2,)]
    assert [clip.salvaged for clip in rig.store.clips] == [True, False]
    assert rig.store.clips[1].pre_roll_s >= 3


def test_a_store_that_refuses_keeps_nobody_from_filming() -> None:
    """The clip waits in the spool and is stored once when the database answers again."""
    rig = Rig()
    rig.store.error = "database is locked"
    rig.run(5)
    rig.fire(1)
    rig.run(12)
    postponed = rig.announcer.of(ClipPostponed)
    assert {notice.event_id for notice in postponed} == {"evt-1"}
    rig.fire(2)
    rig.run(12)
    assert [len(writer.units) > 100 for writer in rig.spool.writers] == [True, True]
    assert not any(writer.discarded for writer in rig.spool.writers)
    rig.store.error = None
    rig.run(130)
    assert sorted(rig.store.event_row_ids) == [(1,), (2,)]
    assert all(writer.discarded for writer in rig.spool.writers)
    assert len(rig.announcer.of(ClipCaptured)) == 2
    assert rig.jobs.jobs == []


def test_an_event_without_a_clip_keeps_its_reason() -> None:
    """The job of an event that no camera could film is closed with the words of the log."""
    rig = Rig()
    rig.source.open_errors = deque(["v4l2: no such device"] * 5)
    rig.run(1)
    rig.fire(1)
    rig.run(10.5)
    assert rig.jobs.given_up == {1: "v4l2: no such device"}


def test_an_event_that_happened_long_ago_is_not_filmed() -> None:
    """A film begun now would show something else; the event says why it has none."""
    rig = Rig()
    rig.run(3.0)
    for number, age_s in ((1, 3600.0), (2, 9.0)):
        rig.promise(number)
        rig.filming.trigger(
            Trigger(
                event_row_id=number,
                event_id=f"evt-{number}",
                event_type=EventType.MOTION_DETECTED,
                at_s=rig.clock.monotonic_s(),
                age_s=age_s,
            )
        )
    rig.run(20.0)
    assert rig.jobs.given_up == {1: "it happened 3600 s ago: too late to film it"}
    assert rig.store.event_row_ids == [(2,)]


def test_an_event_that_a_restart_forgot_is_filmed_from_then_on() -> None:
    """Its clip begins at the camera's first picture, without pre-roll, at its true instant."""
    rig = Rig()
    rig.promise(1)
    rig.clock.advance(4)
    began_at_utc = rig.clock.now_utc()
    rig.run(14)
    [clip] = rig.store.clips
    assert rig.store.event_row_ids == [(1,)]
    assert clip.pre_roll_s == 0
    assert 0 <= (clip.started_at_utc - began_at_utc).total_seconds() < 0.2
    assert clip.duration_s >= 6


def test_an_event_on_both_ways_is_filmed_once() -> None:
    """A job that is found while its trigger is still under way makes no second clip."""
    rig = Rig()
    rig.fire(1)
    rig.promise(2)
    rig.run(1)
    rig.fire(2)
    rig.run(14)
    assert sorted(row for rows in rig.store.event_row_ids for row in rows) == [1, 2]


def test_a_database_that_is_locked_at_the_start_delays_no_clip() -> None:
    """What is new is filmed at once, and what was left is found later, without a repeat."""
    rig = Rig()
    rig.jobs.failures = 3
    rig.fire(1)
    rig.run(30)
    assert rig.store.event_row_ids == [(1,)]
    assert rig.jobs.jobs == []
    assert rig.announcer.of(ClipFailed) == []


def test_a_stop_before_the_first_picture_leaves_the_event_to_the_next_run() -> None:
    """A camera that was still being opened has filmed nothing, and nobody gives up."""
    rig = Rig(mode=CameraMode.ON_DEMAND)
    rig.fire(1)
    rig.filming.step(0)
    rig.filming.close()
    assert rig.source.opened == 1
    assert rig.jobs.given_up == {}
    assert [job.event_row_id for job in rig.jobs.jobs] == [1]
    assert all(writer.discarded for writer in rig.spool.writers)


def test_a_restarted_loop_takes_up_what_the_last_one_left() -> None:
    """An event that came while nobody filmed is filmed by the next loop, not given up."""
    rig = Rig()
    rig.run(3)
    rig.filming.close()
    assert not rig.spool.is_open
    rig.fire(1)
    rig.filming.close()
    assert rig.jobs.given_up == {}
    rig.filming.open()
    rig.run(13)
    assert rig.store.event_row_ids == [(1,)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 150), min_size=1, max_size=12), st.sampled_from(CameraMode))
def test_every_motion_lies_inside_a_stored_clip(gaps_tenths: list[int], mode: CameraMode) -> None:
    """Whatever the instants, each event is linked once, to a clip that shows its instant."""
    rig = Rig(mode=mode)
    rig.run(5)
    instants = {}
    for number, gap in enumerate(gaps_tenths, start=1):
        rig.run(gap / 10)
        instants[number] = rig.fire(number).at_s
    rig.run(12)
    assert [row for rows in rig.store.event_row_ids for row in rows] == list(instants)
    for writer, rows in zip(rig.spool.writers, rig.store.event_row_ids, strict=True):
        for row in rows:
            begun_s = writer.units[0].at_s - 2 * PICTURE_S
            assert begun_s <= instants[row] <= writer.units[-1].at_s


def test_the_figures_follow_the_camera() -> None:
    """Starts, failures, pictures and the ring, as they are after each step."""
    rig = Rig()
    rig.source.opening_takes_s = 0.7
    assert not rig.filming.figures.camera.is_open
    rig.run(20)
    figures = rig.filming.figures
    assert (figures.camera.is_open, figures.camera.starts, figures.camera.failures) == (True, 1, 0)
    assert figures.camera.start_s == pytest.approx(0.7)
    assert figures.camera.pictures == pytest.approx(193, abs=2)
    assert figures.ring.limit_s <= figures.ring.held_s <= figures.ring.limit_s + GROUP_S
    assert 0 < figures.ring.held_bytes < figures.camera.picture_bytes
    rig.source.dies_with, rig.source.open_errors = "unplugged", deque(["no such device"] * 3)
    rig.filming.step(0.2)
    rig.fire(1)
    rig.run(0.3)
    figures = rig.filming.figures
    assert (figures.camera.is_open, figures.camera.failures) == (False, 1)
    rig.run(2)
    figures = rig.filming.figures
    assert (figures.ring.held_s, figures.ring.held_bytes) == (0, 0)
    assert (figures.stored_clips, figures.given_up_events) == (0, 0)
    rig.source.dies_with = None
    rig.run(5)
    rig.fire(2)
    rig.run(12)
    assert rig.filming.figures.camera.starts == 2
    assert (rig.filming.figures.stored_clips, rig.filming.figures.given_up_events) == (1, 0)
    rig.source.dies_with, rig.source.open_errors = "unplugged", deque(["no such device"] * 9)
    rig.run(3)
    rig.fire(3)
    rig.run(12)
    assert rig.filming.figures.given_up_events == 1


def test_clips_that_wait_are_counted() -> None:
    """A database that refuses shows in the figures, and so does its recovery."""
    rig = Rig()
    rig.store.error = "database is locked"
    rig.run(5)
    rig.fire(1)
    rig.run(12)
    assert rig.filming.figures.waiting_clips == 1
    rig.store.error = None
    rig.run(130)
    assert (rig.filming.figures.waiting_clips, rig.filming.figures.stored_clips) == (0, 1)


@pytest.mark.parametrize("picture_bytes", [10, 20_000_000])
def test_a_camera_that_floods_is_closed_for_a_while(picture_bytes: int) -> None:
    """Too many pictures, or too large ones: the clip keeps what came before, events go on."""
    rig = Rig()
    rig.run(5)
    rig.fire(1)
    rig.run(2)
    rig.source.picture_bytes = picture_bytes
    rig.source.pictures_per_s = 10 if picture_bytes > 1000 else 5000
    rig.run(5)
    [lost, *_] = rig.announcer.of(CameraLost)
    assert "fake floods: " in lost.reason
    assert "10 a second were asked for" in lost.reason
    rig.source.picture_bytes, rig.source.pictures_per_s = 0, 10
    rig.run(20)
    assert rig.store.event_row_ids == [(1,)]
    assert rig.store.clips[0].missing_s > 0
    rig.fire(2)
    rig.run(12)
    assert rig.store.event_row_ids == [(1,), (2,)]


def test_a_camera_that_catches_up_is_not_taken_for_a_flood() -> None:
    """A minute's pictures at once, as after a pause of the whole machine."""
    rig = Rig()
    rig.run(5)
    rig.source.pictures_per_s = 5000
    rig.run(600 / 5000)
    rig.source.pictures_per_s = 10
    rig.run(10)
    assert rig.announcer.of(CameraLost) == []


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 80), st.sampled_from(["fire", "dies", "silent", "busy", "well"])),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from(CameraMode),
)
def test_whatever_the_camera_does_each_event_is_answered_and_each_clip_true(
    script: list[tuple[int, str]], mode: CameraMode
) -> None:
    """A clip or a reason, once; what a clip lacks is what it has no pictures of; one owner."""
    rig = Rig(mode=mode)
    number = 0
    for tenths, deed in script:
        rig.run(tenths / 10)
        if deed == "fire":
            number += 1
            rig.fire(number)
            continue
        rig.source.dies_with = "killed" if deed == "dies" else None
        rig.source.silent = deed == "silent"
        rig.source.open_errors = deque(["busy"] * (deed == "busy"))
    rig.source.dies_with, rig.source.silent = None, False
    rig.run(60)
    stored = [row for rows in rig.store.event_row_ids for row in rows]
    assert sorted([*stored, *rig.jobs.given_up]) == list(range(1, number + 1))
    assert rig.jobs.jobs == []
    written = [writer for writer in rig.spool.writers if writer.units]
    for clip, writer in zip(rig.store.clips, written, strict=True):
        stamps_s = [unit.at_s for unit in writer.units]
        assert stamps_s == sorted(stamps_s)
        assert writer.clip is not None
        assert writer.clip.until_s is not None
        wanted_s = max(writer.clip.until_s, stamps_s[-1] + PICTURE_S) - stamps_s[0]
        covered_s = len(stamps_s) * PICTURE_S
        slack_s = GAP_S * (1 + len(rig.announcer.of(CameraLost)))
        assert wanted_s - clip.missing_s == pytest.approx(covered_s, abs=slack_s)
    assert rig.source.opened >= rig.source.closed


def test_a_camera_that_hangs_in_mid_clip_leaves_a_gap_of_its_length() -> None:
    """It is noticed after 5 s, opened again, and films the rest."""
    rig = Rig()
    rig.run(5)
    rig.fire(1)
    rig.run(2)
    rig.source.silent = True
    rig.run(5.3)
    rig.source.silent = False
    rig.run(12)
    [clip] = rig.store.clips
    assert 5 < clip.missing_s < 6.5
    assert clip.duration_s == pytest.approx(13, abs=GROUP_S + 3 * PICTURE_S)


def test_a_left_clip_that_may_not_be_read_yet_delays_no_film() -> None:
    """An event that an earlier run owed is filmed at once, and those of this run once each."""
    rig = Rig()
    rig.promise(1)
    [clip] = _left_by_an_earlier_run(rig)
    clip.refused = "cannot read /spool/recording_evt-9_1.index: Permission denied"
    rig.run(2)
    rig.fire(1)
    rig.fire(2)
    rig.run(20)
    assert rig.store.event_row_ids == [(1, 2)]
    clip.refused = None
    rig.run(60)
    assert rig.store.event_row_ids == [(1, 2), (9,)]


def _left_by_an_earlier_run(rig: Rig) -> list[FakeSpooledClip]:
    rig.jobs.events[9] = "evt-9"
    label = ClipLabel(
        event=FilmedEvent(event_row_id=9, event_id="evt-9"),
        triggered_at_s=2.0,
        triggered_at_utc=rig.clock.now_utc(),
        format=VideoFormat(fps=10),
    )
    rig.spool.left.append(
        FakeSpooledClip(
            spool=rig.spool,
            spool_path=Path("/spool/recording_evt-9_1.h264"),
            label=label,
            events=(label.event,),
            units=[AccessUnit(annex_b=b"picture", keyframe=True, at_s=1.0)],
        )
    )
    return rig.spool.left
