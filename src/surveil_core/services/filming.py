"""The recorder: triggers and pictures in, clips out (spec, section 3).

Everything follows the time of the pictures, not of the clock: a trigger counts when the
stream has come to its instant. So pictures that waited while a clip was stored end up
where they belong. With mode standby the camera stays open and the clip begins before its
trigger; with mode on-demand the camera opens for a clip, as in the spec's own log.

A finished clip is handed to `storing`; what an earlier run owed comes from `resuming`.
"""

from attrs import define, field

from surveil_core.errors import CameraUnavailable, StoreUnavailable
from surveil_core.events import EventType
from surveil_core.notices import ClipCutShort, RecordingExtended, RecordingStarted
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.clock import Clock
from surveil_core.ports.recorder import Trigger
from surveil_core.ports.spool import Spool
from surveil_core.ports.trigger_queue import TriggerQueue
from surveil_core.preroll import DEFAULT_RING_BYTES, PreRollRing
from surveil_core.recording import (
    CameraMode,
    ClipAction,
    ClipPlan,
    RecordingPolicy,
    plan_clip,
)
from surveil_core.services.clip_in_hand import ClipInHand, filmed
from surveil_core.services.due_triggers import DueTriggers
from surveil_core.services.filming_figures import FilmingFigures
from surveil_core.services.held_camera import SILENT_CAMERA_S, HeldCamera
from surveil_core.services.resuming import ClipResuming
from surveil_core.services.storing import ClipStoring
from surveil_core.video import AccessUnit

COOLING_DOWN = "it came within recording.cooldown_s of the last video"

TRIGGER_DELAY_S = 2.0
"""How late a trigger may arrive and still find its whole pre-roll in the ring."""

TOO_MANY = "too many events wait to be filmed already"
NO_PICTURE = "the camera gave no picture"


@define(kw_only=True)
class FilmingService:
    """Films events. The `Recorder` port.

    `trigger` and `figures` are for any thread; one thread calls `open`, `step` and, when it
    is done, `close`. After `close` it may be opened again, as when its loop was restarted.
    `figures` are those of the last step. The ring takes `max_ring_bytes` at most.
    """

    service: str = "surveillance"
    camera: HeldCamera
    spool: Spool
    storing: ClipStoring
    resuming: ClipResuming
    triggers: TriggerQueue
    clock: Clock
    announcer: Announcer
    policy: RecordingPolicy = field(factory=RecordingPolicy)
    mode: CameraMode = field(default=CameraMode.STANDBY, converter=CameraMode)
    max_ring_bytes: int = DEFAULT_RING_BYTES
    figures: FilmingFigures = field(init=False)
    _ring: PreRollRing = field(init=False)
    _due: DueTriggers = field(init=False)
    _clip: ClipInHand | None = field(default=None, init=False)
    _last_plan: ClipPlan | None = field(default=None, init=False)

    @_ring.default
    def _new_ring(self) -> PreRollRing:
        return PreRollRing(
            min_span_s=self.policy.pre_roll_s + TRIGGER_DELAY_S, max_bytes=self.max_ring_bytes
        )

    @_due.default
    def _none_due(self) -> DueTriggers:
        return DueTriggers(queue=self.triggers, resuming=self.resuming)

    def __attrs_post_init__(self) -> None:
        self.figures = self._count()

    def trigger(self, trigger: Trigger) -> None:
        """Film this, or prolong the clip in hand. Never blocks and never raises.

        What a film begun now would no longer show is not filmed.
        """
        if trigger.event_type not in self.policy.recorded_types:
            return
        if trigger.age_s > self.policy.duration_s:
            self._fail(trigger, f"it happened {trigger.age_s:.0f} s ago: too late to film it")
        elif not self.triggers.put(trigger):
            self._fail(trigger, TOO_MANY)

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
        self.storing.step()
        self.figures = self._count()

    def close(self) -> None:
        """Store the clip in hand, give camera and spool back. Closing twice is safe.

        Events that nobody has begun to film stay jobs for the next run.
        """
        self._due.take(0)
        if self.camera.opened_at_s is not None:
            self._handle_triggers(until_s=self.clock.monotonic_s())
        self._end_clip(reason_if_empty=None)
        self.camera.close()
        self._ring.clear()
        self._due.clear()
        self.storing.close()
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
        if self.mode is CameraMode.STANDBY or self._clip is not None:
            timeout_s = min(timeout_s, self.camera.retry_in_s)
        self._due.take(timeout_s)
        if self._clip is not None and self._waits_in_vain(self._clip):
            self._end_clip(reason_if_empty=self.camera.lost_reason)
        if self.camera.retry_in_s > 0:
            if self._clip is None:
                self._fail_late()
        elif self.mode is CameraMode.STANDBY or self._has_clip_to_film():
            self._open_camera()

    def _waits_in_vain(self, clip: ClipInHand) -> bool:
        """Say if a clip is over, or has no picture yet and would begin too late to show much."""
        now_s = self.clock.monotonic_s()
        is_late = now_s - clip.trigger.at_s >= self.policy.duration_s
        return clip.plan.is_over(now_s) or (clip.is_empty and is_late)

    def _has_clip_to_film(self) -> bool:
        """Say if a closed camera is to be opened for a clip; begin that if it is due."""
        if self._clip is not None:
            return True
        trigger = self._due.pop()
        return trigger is not None and self._begin_clip(trigger, from_ring=False)

    def _open_camera(self) -> None:
        try:
            self.camera.open()
        except CameraUnavailable as error:
            self._lose_camera(str(error))
            return
        if self._clip is not None:
            self._film_on(self._clip)

    def _film_on(self, clip: ClipInHand) -> None:
        """Let the clip that a camera was opened for begin now, or one that it left go on."""
        if clip.is_empty:
            self._extend_plan(clip, at_s=self._filmed_from_s(clip.trigger))
        elif self.camera.has_changed:
            self._end_clip()

    def _lose_camera(self, reason: str) -> None:
        """Leave the camera alone for a while.

        A clip waits for it until its time is over, and so do the events that nobody films yet:
        most cameras are back within a second.
        """
        self.camera.lose(reason)
        self._ring.clear()

    # --- with a camera ----------------------------------------------------------------

    def _step_with_camera(self, timeout_s: float) -> None:
        try:
            unit = self.camera.read(timeout_s)
        except CameraUnavailable as error:
            self._lose_camera(str(error))
            return
        at_s = self.clock.monotonic_s() if unit is None else unit.at_s
        self._due.take(0)
        self._handle_triggers(until_s=at_s)
        if self._clip is not None and self._clip.plan.is_over(at_s):
            self._end_clip()
        if unit is not None:
            self._take_picture(unit)
        elif self.camera.is_silent(at_s):
            name = self.camera.source.name
            self._lose_camera(f"{name} gave no picture for {SILENT_CAMERA_S:g} s")
        if self._is_idle_on_demand():
            self.camera.close()
            self._ring.clear()

    def _take_picture(self, unit: AccessUnit) -> None:
        self._ring.push(unit)
        if self._clip is not None:
            self._append(self._clip, unit)

    def _is_idle_on_demand(self) -> bool:
        return (
            self.mode is CameraMode.ON_DEMAND
            and self.camera.opened_at_s is not None
            and self._clip is None
            and not self._due
        )

    # --- triggers ---------------------------------------------------------------------

    def _handle_triggers(self, *, until_s: float) -> None:
        while trigger := self._due.pop(until_s=until_s):
            self._handle(trigger)

    def _handle(self, trigger: Trigger) -> None:
        clip = self._clip
        at_s = self._filmed_from_s(trigger)
        if clip is None or clip.plan.is_over(at_s) or not self._join(clip, trigger):
            self._end_clip()
            self._begin_clip(trigger, from_ring=True)
            return
        self._extend_plan(clip, at_s=at_s)
        self.announcer.announce(
            RecordingExtended(
                service=self.service,
                event_id=trigger.event_id,
                remaining_s=clip.plan.ends_at_s - at_s,
            )
        )

    def _join(self, clip: ClipInHand, trigger: Trigger) -> bool:
        """Let an event share the clip in hand. False when the disk refuses."""
        try:
            clip.writer.add_event(filmed(trigger))
        except StoreUnavailable as error:
            self._cut_short(clip, str(error))
            return False
        return True

    def _filmed_from_s(self, trigger: Trigger) -> float:
        """When a trigger's film can begin: an event cannot be filmed by a closed camera."""
        return max(trigger.at_s, self.camera.opened_at_s or trigger.at_s)

    def _extend_plan(self, clip: ClipInHand, *, at_s: float) -> None:
        plan, _ = plan_clip(self.policy, clip.plan, clip.trigger.event_type, at_s=at_s)
        assert plan is not None
        clip.plan = plan

    # --- clips ------------------------------------------------------------------------

    def _begin_clip(self, trigger: Trigger, *, from_ring: bool) -> bool:
        at_s = self._filmed_from_s(trigger)
        if self._is_cooling_down(trigger.event_type, at_s):
            self._fail(trigger, COOLING_DOWN)
            return False
        plan, _ = plan_clip(self.policy, None, trigger.event_type, at_s=at_s)
        assert plan is not None, "trigger() lets recorded types through only"
        try:
            self._clip = ClipInHand.begin(
                self.spool,
                trigger,
                plan,
                format=self.camera.source.format,
                camera_number=self.camera.number,
                clock=self.clock,
            )
        except StoreUnavailable as error:
            self._fail(trigger, str(error))
            return False
        self._announce_started(self._clip)
        if from_ring:
            self._append(self._clip, *self._ring.units_since(trigger.at_s - self.policy.pre_roll_s))
        return True

    def _is_cooling_down(self, event_type: EventType, at_s: float) -> bool:
        _, action = plan_clip(self.policy, self._last_plan, event_type, at_s=at_s)
        return action is ClipAction.COOL_DOWN

    def _announce_started(self, clip: ClipInHand) -> None:
        self.announcer.announce(
            RecordingStarted(
                service=self.service,
                event_id=clip.trigger.event_id,
                spool_path=str(clip.writer.spool_path),
                duration_s=self.policy.duration_s,
            )
        )

    def _append(self, clip: ClipInHand, *units: AccessUnit) -> None:
        try:
            clip.append(*units)
        except StoreUnavailable as error:
            self._cut_short(clip, str(error))

    def _cut_short(self, clip: ClipInHand, reason: str) -> None:
        """End a clip that the disk does not take further."""
        if not clip.is_empty:
            self.announcer.announce(
                ClipCutShort(service=self.service, event_id=clip.trigger.event_id, reason=reason)
            )
        self._end_clip(reason_if_empty=reason)

    def _end_clip(self, reason_if_empty: str | None = NO_PICTURE) -> None:
        """Finish the clip in hand, if there is one, and have it stored.

        Without a reason an empty one leaves its job to the next run.
        """
        clip, self._clip = self._clip, None
        if clip is None:
            return
        spooled = clip.finish(self.clock)
        if clip.is_empty:
            self.storing.remove(spooled)
            if reason_if_empty is not None:
                self.storing.give_up(spooled.events, reason_if_empty)
        else:
            self._last_plan = clip.plan
            self.storing.add(spooled, events=spooled.events, source=self.camera.source.name)

    def _fail_late(self) -> None:
        """Give up the events of which a film begun now would show too little."""
        until_s = self.clock.monotonic_s() - self.policy.duration_s
        while trigger := self._due.pop(until_s=until_s):
            self._fail(trigger, self.camera.lost_reason)

    def _fail(self, trigger: Trigger, reason: str) -> None:
        self.storing.give_up([filmed(trigger)], reason)
