"""What a trigger and a picture mean for the clips, without anything that drives the camera."""

import pytest
from attrs import define, field

from surveil_core.events import EventType
from surveil_core.notices import ClipFailed, RecordingExtended
from surveil_core.ports.recorder import Trigger
from surveil_core.preroll import PreRollRing
from surveil_core.recording import RecordingPolicy
from surveil_core.services.clip_recording import COOLING_DOWN, NO_PICTURE, ClipRecording
from surveil_core.services.held_camera import HeldCamera
from surveil_core.services.storing import ClipStoring
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.camera import FakeCamera
from tests.fakes.clip_jobs import FakeClipJobs
from tests.fakes.clock import FakeClock
from tests.fakes.media_store import FakeMediaStore
from tests.fakes.spool import FakeSpool


@define(kw_only=True)
class Bench:
    """Clips of a camera that the test itself opens and reads."""

    policy: RecordingPolicy = field(factory=RecordingPolicy)
    clock: FakeClock = field(factory=FakeClock)
    announcer: RecordingAnnouncer = field(factory=RecordingAnnouncer)
    spool: FakeSpool = field(factory=FakeSpool)
    camera: HeldCamera = field(init=False)
    storing: ClipStoring = field(init=False)
    recording: ClipRecording = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.camera = HeldCamera(
            source=FakeCamera(clock=self.clock),
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )
        self.storing = ClipStoring(
            store=FakeMediaStore(clock=self.clock),
            jobs=FakeClipJobs(),
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )
        self.recording = ClipRecording(
            camera=self.camera,
            ring=PreRollRing(min_span_s=5.0),
            spool=self.spool,
            storing=self.storing,
            clock=self.clock,
            announcer=self.announcer,
            policy=self.policy,
        )
        self.spool.open()

    def film(self, duration_s: float) -> None:
        """Hand over the pictures of so long, opening the camera if need be."""
        if self.camera.opened_at_s is None:
            self.camera.open()
        until_s = self.clock.monotonic_s() + duration_s
        while self.clock.monotonic_s() < until_s:
            unit = self.camera.read(0.2)
            assert unit is not None
            self.recording.end_if_over(unit.at_s)
            self.recording.take_picture(unit)

    def trigger(self, number: int = 1) -> Trigger:
        """Name an event of now."""
        return Trigger(
            event_row_id=number,
            event_id=f"evt-{number}",
            event_type=EventType.MOTION_DETECTED,
            at_s=self.clock.monotonic_s(),
        )


def test_a_clip_begins_with_what_the_ring_holds_from_before() -> None:
    """Its first picture is a keyframe of `pre_roll_s` ago; the pictures to come follow it."""
    bench = Bench()
    bench.film(6)
    trigger = bench.trigger()
    bench.recording.take_trigger(trigger)
    [writer] = bench.spool.writers
    assert writer.units[0].keyframe
    assert 3.0 <= trigger.at_s - writer.units[0].at_s <= 4.1
    written = len(writer.units)
    bench.film(1)
    assert len(writer.units) == written + 10


def test_without_a_camera_a_clip_is_empty_and_lasts_from_the_first_picture() -> None:
    """The time until the camera is open is not taken off the clip."""
    bench = Bench()
    assert bench.recording.begin(bench.trigger())
    bench.clock.advance(4)
    bench.camera.open()
    bench.recording.film_on()
    [writer] = bench.spool.writers
    assert writer.units == []
    bench.film(9.5)
    assert bench.recording.has_clip
    bench.film(1)
    assert not bench.recording.has_clip
    assert writer.units[-1].at_s - writer.units[0].at_s == pytest.approx(9.9)


@pytest.mark.parametrize("opening_takes_s", [4, 12, 40])
def test_a_pause_after_clips_costs_no_clip_whose_camera_opens_slowly(opening_takes_s: int) -> None:
    """The pause is behind a film, and of this one there is none yet."""
    bench = Bench(policy=RecordingPolicy(cooldown_s=20))
    assert bench.recording.begin(bench.trigger())
    bench.clock.advance(opening_takes_s)
    bench.camera.open()
    bench.recording.film_on()
    bench.film(10.5)
    [writer] = bench.spool.writers
    assert writer.units[-1].at_s - writer.units[0].at_s == pytest.approx(10, abs=0.11)
    assert bench.announcer.of(ClipFailed) == []


def test_a_second_event_shares_the_clip_in_hand() -> None:
    """One writer, both events, and it is told how much longer it lasts."""
    bench = Bench()
    bench.film(2)
    bench.recording.take_trigger(bench.trigger(1))
    bench.film(4)
    bench.recording.take_trigger(bench.trigger(2))
    [writer] = bench.spool.writers
    assert [event.event_id for event in writer.events] == ["evt-1", "evt-2"]
    assert [notice.remaining_s for notice in bench.announcer.of(RecordingExtended)] == [10]


def test_an_event_of_the_pause_is_refused_with_the_reason() -> None:
    """`begin` says that there is nothing to open a camera for."""
    bench = Bench(policy=RecordingPolicy(cooldown_s=20))
    bench.film(2)
    bench.recording.take_trigger(bench.trigger(1))
    bench.film(11)
    assert not bench.recording.begin(bench.trigger(2))
    assert not bench.recording.has_clip
    [failed] = bench.announcer.of(ClipFailed)
    assert (failed.event_id, failed.reason) == ("evt-2", COOLING_DOWN)


def test_a_clip_in_vain_ends_when_it_would_show_too_little() -> None:
    """While the camera stays away it waits for its time, then fails with the camera's reason."""
    bench = Bench()
    bench.recording.begin(bench.trigger())
    bench.camera.lose("no such device")
    bench.clock.advance(9.9)
    bench.recording.end_if_in_vain()
    assert bench.recording.has_clip
    bench.clock.advance(0.1)
    bench.recording.end_if_in_vain()
    assert not bench.recording.has_clip
    assert [failed.reason for failed in bench.announcer.of(ClipFailed)] == ["no such device"]


@pytest.mark.parametrize(("reason", "told"), [(NO_PICTURE, [NO_PICTURE]), (None, [])])
def test_an_empty_clip_is_removed_and_its_event_told_or_left_for_later(
    reason: str | None, told: list[str]
) -> None:
    """Without a reason the event stays a job of the next run; the file goes in any case."""
    bench = Bench()
    bench.recording.begin(bench.trigger())
    bench.recording.end(reason_if_empty=reason)
    bench.storing.step()
    assert bench.spool.writers[0].discarded
    assert [failed.reason for failed in bench.announcer.of(ClipFailed)] == told
