"""The recorder: the camera open when it is needed, its pictures and the triggers in step.

Everything follows the time of the pictures, not of the clock: a trigger counts when the
stream has come to its instant. So pictures that waited while the disk was busy end up where
they belong. With mode standby the camera stays open and the clip begins before its
trigger; with mode on-demand the camera opens for a clip, as in the spec's own log.

Clips are stored aside. That takes seconds on a small machine, and all that the camera gave
meanwhile would be in memory alone: a power cut takes the last second of a clip and no more.

What a trigger and a picture mean for the clips is in `clip_recording`; what an earlier run
owed comes from `resuming`.
"""

from attrs import define, field

from surveil_core.errors import CameraUnavailable
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.aside import Aside
from surveil_core.ports.clock import Clock
from surveil_core.ports.recorder import Trigger
from surveil_core.ports.spool import Spool
from surveil_core.ports.trigger_queue import TriggerQueue
from surveil_core.preroll import DEFAULT_RING_BYTES, PreRollRing
from surveil_core.recording import CameraMode, RecordingPolicy
from surveil_core.services.clip_recording import ClipRecording
from surveil_core.services.due_triggers import DueTriggers
from surveil_core.services.filming_figures import FilmingFigures
from surveil_core.services.held_camera import SILENT_CAMERA_S, HeldCamera
from surveil_core.services.resuming import ClipResuming
from surveil_core.services.storing import ClipStoring

TRIGGER_DELAY_S = 2.0
"""How late a trigger may arrive and still find its whole pre-roll in the ring."""

TOO_MANY = "too many events wait to be filmed already"


@define(kw_only=True)
class FilmingService:
    """Films events. The `Recorder` port.

    `expect`, `trigger` and `figures` are for any thread; one thread calls `open`, `step` and, when
    it is done, `close`. After `close` it may be opened again, as when its loop was restarted.
    `figures` are those of the last step. The ring takes `max_ring_bytes` at most.
    """

    service: str = "surveillance"
    camera: HeldCamera
    spool: Spool
    storing: ClipStoring
    resuming: ClipResuming
    aside: Aside
    triggers: TriggerQueue
    clock: Clock
    announcer: Announcer
    policy: RecordingPolicy = field(factory=RecordingPolicy)
    mode: CameraMode = field(default=CameraMode.STANDBY, converter=CameraMode)
    max_ring_bytes: int = DEFAULT_RING_BYTES
    figures: FilmingFigures = field(init=False)
    _ring: PreRollRing = field(init=False)
    _due: DueTriggers = field(init=False)
    _clips: ClipRecording = field(init=False)
    _lost_at_s: float = field(default=float("-inf"), init=False)
    _awaited_at_s: float | None = field(default=None, init=False)

    @_ring.default
    def _new_ring(self) -> PreRollRing:
        return PreRollRing(
            min_span_s=self.policy.pre_roll_s + TRIGGER_DELAY_S, max_bytes=self.max_ring_bytes
        )

    @_due.default
    def _none_due(self) -> DueTriggers:
        return DueTriggers(queue=self.triggers, resuming=self.resuming)

    @_clips.default
    def _no_clip_yet(self) -> ClipRecording:
        return ClipRecording(
            service=self.service,
            camera=self.camera,
            ring=self._ring,
            spool=self.spool,
            storing=self.storing,
            clock=self.clock,
            announcer=self.announcer,
            policy=self.policy,
        )

    def __attrs_post_init__(self) -> None:
        self.figures = self._count()

    def expect(self, at_s: float | None) -> None:
        """Keep what an event that happened at `at_s` will show. Never blocks and never raises.

        What is too late to film is not waited for.
        """
        if at_s is not None:
            at_s = max(at_s, self.clock.monotonic_s() - self.policy.duration_s)
        self._awaited_at_s = at_s

    def trigger(self, trigger: Trigger) -> None:
        """Film this, or prolong the clip in hand. Never blocks and never raises.

        What a film begun now would no longer show is not filmed.
        """
        if trigger.event_type not in self.policy.recorded_types:
            return
        if trigger.age_s > self.policy.duration_s:
            self._clips.fail(trigger, f"it happened {trigger.age_s:.0f} s ago: too late to film it")
        elif not self.triggers.put(trigger):
            self._clips.fail(trigger, TOO_MANY)

    def open(self) -> None:
        """Take the spool, and prepare to resume what an earlier run owed.

        Raises `StoreUnavailable`.
        """
        self.spool.open()
        self.resuming.start()

    def step(self, timeout_s: float) -> None:
        """Deal with one picture, or wait for a trigger or a camera for `timeout_s`."""
        self._due.resume()
        if self.camera.opened_at_s is None:
            self._step_without_camera(timeout_s)
        else:
            self._step_with_camera(timeout_s)
        if self.storing.is_due:
            self.aside.do(self.storing.step)
        self.figures = self._count()

    def close(self) -> None:
        """Store the clip in hand, give camera and spool back. Closing twice is safe.

        Events that nobody has begun to film stay jobs for the next run.
        """
        self._due.take(0)
        if self.camera.opened_at_s is not None:
            self._handle_triggers(until_s=self.clock.monotonic_s())
        self._clips.end(reason_if_empty=None)
        self.camera.close()
        self._ring.clear()
        self._due.clear()
        try:
            self.aside.finish()
        finally:
            try:
                self.storing.close()
            finally:
                self.spool.close()
                self.figures = self._count()

    def _count(self) -> FilmingFigures:
        return FilmingFigures(
            camera=self.camera.figures,
            ring=self._ring.figures,
            stored_clips=self.storing.stored_clips,
            waiting_clips=self.storing.waiting_clips,
            given_up_events=self.storing.given_up_events,
        )

    # --- without a camera -------------------------------------------------------------

    def _step_without_camera(self, timeout_s: float) -> None:
        if self.mode is CameraMode.STANDBY or self._clips.has_clip:
            timeout_s = min(timeout_s, self.camera.retry_in_s)
        awaited_at_s = self._awaited_at_s  # before the queue: it is no longer awaited once in there
        self._due.take(timeout_s)
        self._film_from_ring(awaited_at_s)
        self._share_before_the_end()
        self._clips.end_if_in_vain()
        if self.camera.retry_in_s > 0:
            if not self._clips.has_clip:
                self._fail_late()
        elif self.mode is CameraMode.STANDBY or self._has_clip_to_film():
            self._open_camera()

    def _has_clip_to_film(self) -> bool:
        """Say if a closed camera is to be opened for a clip; begin that if it is due."""
        if self._clips.has_clip:
            return True
        trigger = self._due.pop()
        return trigger is not None and self._clips.begin(trigger)

    def _open_camera(self) -> None:
        try:
            self.camera.open()
        except CameraUnavailable as error:
            self._lose_camera(str(error))
            return
        if self.camera.has_changed:
            self._ring.clear()
        awaited_at_s = self._awaited_at_s
        self._due.take(0)
        self._film_from_ring(awaited_at_s)
        self._clips.film_on()

    def _lose_camera(self, reason: str) -> None:
        """Leave the camera alone for a while.

        A clip waits for it until its time is over, and so do the events that nobody films yet:
        most cameras are back within a second. One that was waiting for the next picture begins
        its clip with those before it.
        """
        awaited_at_s = self._awaited_at_s
        self._due.take(0)
        if self.camera.gave_pictures:
            self._lost_at_s = self.clock.monotonic_s()
        self._film_from_ring(awaited_at_s)
        self.camera.lose(reason)

    def _film_from_ring(self, awaited_at_s: float | None) -> None:
        """Begin a clip with what a lost camera gave, and forget that once no event is so late.

        One that happened at `awaited_at_s` may still be stored.

        One in hand may end in a moment, should the camera come back as another. A camera that is
        back sooner goes on in the ring, behind a gap, since messages may still be under way.
        """
        now_s = self.clock.monotonic_s()
        kept_until_s = self._lost_at_s + TRIGGER_DELAY_S
        if self._ring.held_bytes and not self._clips.has_clip:
            self._handle_triggers(until_s=min(now_s, kept_until_s))
        is_awaited = awaited_at_s is not None and awaited_at_s <= kept_until_s
        if now_s >= kept_until_s and not is_awaited:
            self._ring.clear()

    def _share_before_the_end(self) -> None:
        """Let events that a camera took with it share a clip, which holds what came before them.

        They have waited for a picture, in case that it comes back.
        """
        if self._clips.ends_without_camera:
            self._handle_triggers(until_s=self._lost_at_s)

    def _fail_late(self) -> None:
        """Give up the events of which a film begun now would show too little."""
        until_s = self.clock.monotonic_s() - self.policy.duration_s
        while trigger := self._due.pop(until_s=until_s):
            self._clips.fail(trigger, self.camera.lost_reason)

    # --- with a camera ----------------------------------------------------------------

    def _step_with_camera(self, timeout_s: float) -> None:
        try:
            unit = self.camera.read(timeout_s)
        except CameraUnavailable as error:
            self._lose_camera(str(error))
            return
        awaited_at_s = self._awaited_at_s
        self._due.take(0)
        if unit is not None:
            self._handle_triggers(until_s=unit.at_s)
            self._clips.end_if_over(unit.at_s)
            self._clips.take_picture(unit, awaited_at_s=awaited_at_s)
        elif self.camera.is_silent:
            name = self.camera.source.name
            self._lose_camera(f"{name} gave no picture for {SILENT_CAMERA_S:g} s")
        if self._is_idle_on_demand(awaited_at_s):
            self.camera.close()
            self._ring.clear()

    def _is_idle_on_demand(self, awaited_at_s: float | None) -> bool:
        """Whether nothing is to be filmed, nor anything that may be a trigger in time."""
        if awaited_at_s is not None:
            waits_s = self.clock.monotonic_s() - awaited_at_s
            if waits_s < self.policy.duration_s:
                return False
        return (
            self.mode is CameraMode.ON_DEMAND
            and self.camera.opened_at_s is not None
            and not self._clips.has_clip
            and not self._due
        )

    def _handle_triggers(self, *, until_s: float) -> None:
        while trigger := self._due.pop(until_s=until_s):
            self._clips.take_trigger(trigger)
