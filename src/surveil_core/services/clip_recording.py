"""Triggers and pictures into clips: which clip an event gets, and what is written into it.

A clip begins with what the ring holds from before its trigger. An event during it prolongs
it and shares it; one that comes too soon after it has none. A finished clip is handed to
`storing`. Whether the camera is open is decided elsewhere, in `filming`.
"""

from itertools import takewhile

from attrs import define, field

from surveil_core.errors import StoreUnavailable
from surveil_core.notices import ClipCutShort, RecordingExtended, RecordingStarted
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.clock import Clock
from surveil_core.ports.recorder import Trigger
from surveil_core.ports.spool import Spool
from surveil_core.preroll import PreRollRing
from surveil_core.recording import ClipAction, ClipPlan, RecordingPolicy, plan_clip
from surveil_core.services.clip_in_hand import ClipInHand, filmed
from surveil_core.services.held_camera import HeldCamera
from surveil_core.services.storing import ClipStoring
from surveil_core.video import AccessUnit

COOLING_DOWN = "it came within recording.cooldown_s of the last video"
NO_PICTURE = "the camera gave no picture"
NOT_HELD = "it waited to be stored for longer than recording.max_ring_bytes holds of the film"


@define(kw_only=True)
class ClipRecording:
    """Makes one clip at a time. Used by one thread, but `fail` is for any.

    The camera is only asked since when it is open and what it gives. Whoever opens it as
    another clears the ring, so that what is in there can be in one video.
    """

    service: str = "surveillance"
    camera: HeldCamera
    ring: PreRollRing
    spool: Spool
    storing: ClipStoring
    clock: Clock
    announcer: Announcer
    policy: RecordingPolicy
    _clip: ClipInHand | None = field(default=None, init=False)
    _last_plan: ClipPlan | None = field(default=None, init=False)

    @property
    def has_clip(self) -> bool:
        """Whether a clip is in hand."""
        return self._clip is not None

    # --- triggers ---------------------------------------------------------------------

    def take_trigger(self, trigger: Trigger) -> None:
        """Let an event share the clip in hand, or begin one for it."""
        clip = self._clip
        at_s = self._filmed_from_s(trigger)
        if clip is None or clip.plan.is_over(at_s) or not self._join(clip, trigger):
            self.end()
            self.begin(trigger)
            return
        self._extend_plan(clip, at_s=at_s)
        self.announcer.announce(
            RecordingExtended(
                service=self.service,
                event_id=trigger.event_id,
                remaining_s=clip.plan.ends_at_s - at_s,
            )
        )

    def fail(self, trigger: Trigger, reason: str) -> None:
        """Tell why an event has no clip. From any thread; never blocks and never raises."""
        self.storing.give_up([filmed(trigger)], reason)

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

    # --- the clip's beginning ---------------------------------------------------------

    def begin(self, trigger: Trigger) -> bool:
        """Begin a clip with the ring's pictures. False when it may not be, which is told."""
        if self._is_cooling_down(trigger):
            self.fail(trigger, COOLING_DOWN)
            return False
        try:
            self._clip = ClipInHand.begin(
                self.spool,
                trigger,
                self._new_plan(trigger),
                format=self.camera.source.format,
                camera_number=self.camera.number,
                clock=self.clock,
            )
        except StoreUnavailable as error:
            self.fail(trigger, str(error))
            return False
        self._announce_started(self._clip)
        self._begin_with_ring(self._clip)
        return True

    def _begin_with_ring(self, clip: ClipInHand) -> None:
        """Write what the ring holds of a clip's time; end it if that is all in the past.

        An event may have waited for the database for longer than its clip lasts, or than the
        ring goes back.
        """
        held = self.ring.units_since(clip.trigger.happened_at_s - self.policy.pre_roll_s)
        units = tuple(takewhile(lambda unit: unit.at_s < clip.plan.ends_at_s, held))
        self._append(clip, *units)
        if len(units) < len(held) and self._clip is clip:
            self.end(reason_if_empty=NOT_HELD)

    def film_on(self) -> None:
        """Go on with a camera that was just opened.

        A clip that it was opened for begins now. One that it left goes on, unless it came back
        as another.
        """
        if self._clip is None:
            return
        if self._clip.is_empty:
            self._clip.plan = self._new_plan(self._clip.trigger)
        elif self.camera.has_changed:
            self.end()

    def _new_plan(self, trigger: Trigger) -> ClipPlan:
        """Plan a clip of which nothing is filmed yet, so that no pause lies behind it."""
        at_s = self._filmed_from_s(trigger)
        plan, _ = plan_clip(self.policy, None, trigger.event_type, at_s=at_s)
        assert plan is not None, "only triggers of recorded types come here"
        return plan

    def _is_cooling_down(self, trigger: Trigger) -> bool:
        at_s = self._filmed_from_s(trigger)
        _, action = plan_clip(self.policy, self._last_plan, trigger.event_type, at_s=at_s)
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

    # --- pictures ---------------------------------------------------------------------

    def take_picture(self, unit: AccessUnit, *, awaited_at_s: float | None = None) -> None:
        """Keep a picture for clips to come, and write it into the one in hand.

        One for an event of `awaited_at_s` may be to come.
        """
        self.ring.push(unit, awaited_at_s=awaited_at_s)
        if self._clip is not None:
            self._append(self._clip, unit)

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
        self.end(reason_if_empty=reason)

    # --- the clip's end ---------------------------------------------------------------

    def end_if_over(self, at_s: float) -> None:
        """Finish the clip in hand if it is complete at `at_s`."""
        if self._clip is not None and self._clip.plan.is_over(at_s):
            self.end()

    @property
    def ends_without_camera(self) -> bool:
        """Whether, without a camera, the time of a clip that shows something is over."""
        if self._clip is None or self._clip.is_empty:
            return False
        return self._clip.plan.is_over(self.clock.monotonic_s())

    def end_if_in_vain(self) -> None:
        """Without a camera, finish a clip whose time is over, or that would show too little."""
        if self._clip is not None and self._waits_in_vain(self._clip):
            self.end(reason_if_empty=self.camera.lost_reason)

    def end(self, reason_if_empty: str | None = NO_PICTURE) -> None:
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

    def _waits_in_vain(self, clip: ClipInHand) -> bool:
        """Say if a clip is over, or has no picture yet and would begin too late to show much."""
        now_s = self.clock.monotonic_s()
        is_late = now_s - clip.trigger.at_s >= self.policy.duration_s
        return clip.plan.is_over(now_s) or (clip.is_empty and is_late)
