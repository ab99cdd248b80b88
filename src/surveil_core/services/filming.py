"""The recorder: triggers and pictures in, clips out (spec, section 3).

Everything follows the time of the pictures, not of the clock: a trigger counts when the
stream has come to its instant. So pictures that waited while a clip was stored end up
where they belong. With mode standby the camera stays open and the clip begins before its
trigger; with mode on-demand the camera opens for a clip, as in the spec's own log.

A finished clip is handed to `storing`; what an earlier run owed comes from `resuming`.
"""

from collections import deque
from collections.abc import Collection, Iterable

from attrs import define, field

from surveil_core.errors import CameraUnavailable, StoreUnavailable
from surveil_core.notices import ClipCutShort, RecordingExtended, RecordingStarted
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.clock import Clock
from surveil_core.ports.recorder import Trigger
from surveil_core.ports.spool import Spool
from surveil_core.ports.trigger_queue import TriggerQueue
from surveil_core.preroll import PreRollRing
from surveil_core.recording import CameraMode, RecordingPolicy, plan_clip
from surveil_core.services.clip_in_hand import ClipInHand, filmed
from surveil_core.services.held_camera import SILENT_CAMERA_S, HeldCamera
from surveil_core.services.resuming import ClipResuming
from surveil_core.services.storing import ClipStoring
from surveil_core.video import AccessUnit

TRIGGER_DELAY_S = 2.0
"""How late a trigger may arrive and still find its whole pre-roll in the ring."""

TOO_MANY = "too many events wait to be filmed already"
NO_PICTURE = "the camera gave no picture"


@define(kw_only=True)
class FilmingService:
    """Films events. The `Recorder` port.

    `trigger` is for any thread; one thread calls `open`, `step` and, when it is done,
    `close`. After `close` it may be opened again, as when its loop was restarted.
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
    _ring: PreRollRing = field(init=False)
    _due: deque[Trigger] = field(factory=deque, init=False)
    _rows_in_hand: set[int] = field(factory=set, init=False)
    _clip: ClipInHand | None = field(default=None, init=False)

    @_ring.default
    def _new_ring(self) -> PreRollRing:
        return PreRollRing(min_span_s=self.policy.pre_roll_s + TRIGGER_DELAY_S)

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
        if not self.resuming.is_done:
            self._resume()
        if self.camera.opened_at_s is None:
            self._step_without_camera(timeout_s)
        else:
            self._step_with_camera(timeout_s)
        self.storing.step()

    def close(self) -> None:
        """Store the clip in hand, give camera and spool back. Closing twice is safe.

        Events that nobody has begun to film stay jobs for the next run.
        """
        self._take_triggers(0)
        if self.camera.opened_at_s is not None:
            self._handle_triggers(until_s=self.clock.monotonic_s())
        self._end_clip(reason_if_empty=None)
        self.camera.close()
        self._due.clear()
        self._rows_in_hand.clear()
        self.storing.close()
        self.spool.close()

    # --- what an earlier run owed -----------------------------------------------------

    def _resume(self) -> None:
        """Film what it did not, before what is new."""
        owed = self.resuming.resume(self._all_rows_in_hand)
        if self.resuming.is_done:
            self._rows_in_hand = {trigger.event_row_id for trigger in owed}
            self._due.extendleft(reversed(owed))

    def _all_rows_in_hand(self) -> Collection[int]:
        self._take_triggers(0)
        return self._rows_in_hand

    # --- without a camera -------------------------------------------------------------

    def _step_without_camera(self, timeout_s: float) -> None:
        if self.mode is CameraMode.STANDBY:
            timeout_s = min(timeout_s, self.camera.retry_in_s)
        self._take_triggers(timeout_s)
        if self.camera.retry_in_s > 0:
            self._fail_due(self.camera.lost_reason)
        elif self.mode is CameraMode.STANDBY or self._begin_next_clip():
            self._open_camera()

    def _begin_next_clip(self) -> bool:
        """Begin the clip that a closed camera will be opened for, if one is due."""
        return bool(self._due) and self._begin_clip(self._due.popleft(), from_ring=False)

    def _open_camera(self) -> None:
        try:
            self.camera.open()
        except CameraUnavailable as error:
            self._lose_camera(str(error))
            return
        self._ring.clear()
        if self._clip is not None:
            self._extend_plan(self._clip, at_s=self._filmed_from_s(self._clip.trigger))

    def _lose_camera(self, reason: str) -> None:
        """End what is in hand, and tell those who wait that nobody films them."""
        self._end_clip(reason_if_empty=reason)
        self.camera.lose(reason)
        self._take_triggers(0)
        self._fail_due(reason)

    # --- with a camera ----------------------------------------------------------------

    def _step_with_camera(self, timeout_s: float) -> None:
        try:
            unit = self.camera.read(timeout_s)
        except CameraUnavailable as error:
            self._lose_camera(str(error))
            return
        at_s = self.clock.monotonic_s() if unit is None else unit.at_s
        self._take_triggers(0)
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

    def _take_picture(self, unit: AccessUnit) -> None:
        self._ring.push(unit)
        if self._clip is not None:
            self._append(self._clip, (unit,))

    def _is_idle_on_demand(self) -> bool:
        return (
            self.mode is CameraMode.ON_DEMAND
            and self.camera.opened_at_s is not None
            and self._clip is None
            and not self._due
        )

    # --- triggers ---------------------------------------------------------------------

    def _take_triggers(self, timeout_s: float) -> None:
        """Take what waits; the trigger of an event that was resumed may come behind it."""
        trigger = self.triggers.take(timeout_s)
        while trigger is not None:
            if trigger.event_row_id not in self._rows_in_hand:
                self._due.append(trigger)
            if not self.resuming.is_done:
                self._rows_in_hand.add(trigger.event_row_id)
            trigger = self.triggers.take(0)

    def _handle_triggers(self, *, until_s: float) -> None:
        while self._due and self._due[0].at_s <= until_s:
            self._handle(self._due.popleft())

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
        plan, _ = plan_clip(self.policy, None, trigger.event_type, at_s=at_s)
        assert plan is not None, "trigger() lets recorded types through only"
        try:
            self._clip = ClipInHand.begin(
                self.spool, trigger, plan, format=self.camera.source.format, clock=self.clock
            )
        except StoreUnavailable as error:
            self._fail(trigger, str(error))
            return False
        self._announce_started(self._clip)
        if from_ring:
            self._append(self._clip, self._ring.units_since(trigger.at_s - self.policy.pre_roll_s))
        return True

    def _announce_started(self, clip: ClipInHand) -> None:
        self.announcer.announce(
            RecordingStarted(
                service=self.service,
                event_id=clip.trigger.event_id,
                spool_path=str(clip.writer.spool_path),
                duration_s=self.policy.duration_s,
            )
        )

    def _append(self, clip: ClipInHand, units: Iterable[AccessUnit]) -> None:
        try:
            for unit in units:
                clip.append(unit)
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
            self.storing.add(spooled, events=spooled.events, source=self.camera.source.name)

    def _fail_due(self, reason: str) -> None:
        while self._due:
            self._fail(self._due.popleft(), reason)

    def _fail(self, trigger: Trigger, reason: str) -> None:
        self.storing.give_up([filmed(trigger)], reason)
