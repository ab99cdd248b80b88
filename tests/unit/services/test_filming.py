"""The recorder on fakes: which pictures end in which clip."""

from collections import deque
from itertools import pairwise

import pytest
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from surveil_core.events import EventType
from surveil_core.notices import (
    CameraLost,
    ClipCaptured,
    ClipFailed,
    ClipStored,
    RecordingExtended,
    RecordingStarted,
)
from surveil_core.ports.recorder import Trigger
from surveil_core.recording import RecordingPolicy
from surveil_core.services.filming import CameraMode, FilmingService
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.camera import FakeCamera
from tests.fakes.clock import FakeClock
from tests.fakes.media_store import FakeMediaStore
from tests.fakes.spool import FakeSpool
from tests.fakes.trigger_queue import FakeTriggerQueue

GROUP_S = 1.0
PICTURE_S = 0.1


@define(kw_only=True)
class Rig:
    """A filming service with everything around it in reach."""

    mode: CameraMode = CameraMode.STANDBY
    policy: RecordingPolicy = field(factory=lambda: RecordingPolicy(max_duration_s=30))
    clock: FakeClock = field(factory=FakeClock)
    announcer: RecordingAnnouncer = field(factory=RecordingAnnouncer)
    spool: FakeSpool = field(factory=FakeSpool)
    camera: FakeCamera = field(init=False)
    store: FakeMediaStore = field(init=False)
    triggers: FakeTriggerQueue = field(init=False)
    filming: FilmingService = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.camera = FakeCamera(clock=self.clock)
        self.store = FakeMediaStore(clock=self.clock)
        self.triggers = FakeTriggerQueue(clock=self.clock)
        self.filming = FilmingService(
            source=self.camera,
            spool=self.spool,
            store=self.store,
            triggers=self.triggers,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
            policy=self.policy,
            mode=self.mode,
        )

    def run(self, duration_s: float) -> None:
        """Call `step` until `duration_s` have passed."""
        until_s = self.clock.monotonic_s() + duration_s
        while self.clock.monotonic_s() < until_s:
            self.filming.step(0.2)

    def fire(self, number: int = 1, event_type: EventType = EventType.MOTION_DETECTED) -> Trigger:
        """Trigger now."""
        trigger = Trigger(
            event_row_id=number,
            event_id=f"evt-{number}",
            event_type=event_type,
            at_s=self.clock.monotonic_s(),
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


def test_a_camera_lost_in_mid_clip_leaves_a_stored_clip_and_comes_back() -> None:
    """What there is is kept, the loss is told, and the camera is opened again."""
    rig = Rig()
    rig.run(5)
    rig.fire(1)
    rig.run(4)
    rig.camera.dies_with = "ffmpeg was killed by signal 9"
    rig.filming.step(0.2)
    [lost] = rig.announcer.of(CameraLost)
    assert lost.reason == "ffmpeg was killed by signal 9"
    assert rig.store.clips[0].duration_s == pytest.approx(8, abs=GROUP_S + PICTURE_S)
    assert not rig.camera.is_open
    rig.camera.dies_with = None
    rig.run(lost.retry_in_s + 1)
    assert rig.camera.is_open
    rig.fire(2)
    rig.run(12)
    assert rig.store.event_row_ids == [(1,), (2,)]


def test_a_silent_camera_counts_as_lost() -> None:
    """A camera that hangs is closed and opened again."""
    rig = Rig()
    rig.run(2)
    rig.camera.silent = True
    rig.run(7)
    assert "no picture for 5 s" in rig.announcer.of(CameraLost)[0].reason
    assert rig.camera.opened == 2


def test_a_trigger_without_a_camera_is_told_with_the_reason() -> None:
    """No camera: the event has no clip, the log says why, tries grow apart."""
    rig = Rig()
    rig.camera.open_errors = deque(["v4l2: no such device"] * 4)
    rig.run(1)
    rig.fire(1)
    rig.run(1)
    [failed] = rig.announcer.of(ClipFailed)
    assert (failed.event_id, failed.reason) == ("evt-1", "v4l2: no such device")
    rig.run(10)
    delays_s = [lost.retry_in_s for lost in rig.announcer.of(CameraLost)]
    assert delays_s == [0.5, 1, 2, 4]
    assert rig.camera.is_open


def test_on_demand_opens_for_a_clip_and_closes_after_it() -> None:
    """As in the spec: the log begins before the camera, and the clip has its ten seconds."""
    rig = Rig(mode=CameraMode.ON_DEMAND)
    rig.camera.opening_takes_s = 1.5
    rig.run(3)
    assert rig.camera.opened == 0
    rig.fire(1)
    rig.run(13)
    [clip] = rig.store.clips
    assert (rig.camera.opened, rig.camera.closed) == (1, 1)
    assert clip.pre_roll_s == 0
    assert clip.duration_s == pytest.approx(10, abs=2 * PICTURE_S)


def test_on_demand_failing_to_open_fails_the_clip_with_the_reason() -> None:
    """Nothing is left in the spool, and the next event tries again."""
    rig = Rig(mode=CameraMode.ON_DEMAND)
    rig.camera.open_errors = deque(["busy"])
    rig.fire(1)
    rig.run(1)
    assert [failed.reason for failed in rig.announcer.of(ClipFailed)] == ["busy"]
    assert rig.spool.writers[0].discarded
    rig.fire(2)
    rig.run(12)
    assert rig.store.event_row_ids == [(2,)]


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
    assert not rig.camera.is_open


def test_a_trigger_at_the_very_stop_is_filmed_from_the_ring() -> None:
    """What was asked for before the stop gets at least its pre-roll."""
    rig = Rig()
    rig.run(5)
    rig.fire(1)
    rig.filming.close()
    assert rig.store.event_row_ids == [(1,)]


@pytest.mark.parametrize("error", ["start_error", "append_error", "finish_error"])
def test_a_full_disk_fails_the_clip_and_nothing_else(error: str) -> None:
    """The log names the file that is kept; the next clip is made."""
    rig = Rig()
    rig.run(5)
    setattr(rig.spool, error, "No space left on device")
    rig.fire(1)
    rig.run(12)
    [failed] = rig.announcer.of(ClipFailed)
    assert failed.reason == "No space left on device"
    assert (failed.kept_path is None) == (error == "start_error")
    setattr(rig.spool, error, None)
    rig.fire(2)
    rig.run(12)
    assert rig.store.event_row_ids == [(2,)]


def test_a_store_that_refuses_leaves_the_file_and_its_name() -> None:
    """A clip that cannot be stored stays in the spool."""
    rig = Rig()
    rig.store.error = "database is locked"
    rig.run(5)
    rig.fire(1)
    rig.run(12)
    [failed] = rig.announcer.of(ClipFailed)
    assert failed.kept_path == str(rig.spool.writers[0].spool_path)
    assert not rig.spool.writers[0].discarded


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
