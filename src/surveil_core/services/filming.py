"""The recorder: triggers and pictures in, stored clips out (spec, section 3).

Everything follows the time of the pictures, not of the clock: a trigger counts when the
stream has come to its instant. So pictures that waited while a clip was stored end up
where they belong. With mode standby the camera stays open and the clip begins before its
trigger; with mode on-demand the camera opens for a clip, as in the spec's own log.
"""

import enum
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from attrs import define, field

from surveil_core.backoff import Backoff
from surveil_core.errors import CameraUnavailable, StoreUnavailable
from surveil_core.notices import (
    CameraLost,
    ClipCaptured,
    ClipFailed,
    ClipStored,
    RecordingExtended,
    RecordingStarted,
)
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.camera import Clip, Spool, VideoSource
from surveil_core.ports.clock import Clock
from surveil_core.ports.media_store import MediaStore
from surveil_core.ports.recorder import Trigger
from surveil_core.ports.trigger_queue import TriggerQueue
from surveil_core.preroll import PreRollRing
from surveil_core.recording import RecordingPolicy, plan_clip
from surveil_core.services.clip_in_hand import ClipInHand
from surveil_core.video import AccessUnit

TRIGGER_DELAY_S = 2.0
"""How late a trigger may arrive and still find its whole pre-roll in the ring."""

SILENT_CAMERA_S = 5.0
"""A camera that gives no picture for so long counts as lost."""


class CameraMode(enum.StrEnum):
    """Whether the camera is always open, or only while it films."""

    STANDBY = "standby"
    ON_DEMAND = "on-demand"


@define(kw_only=True)
class FilmingService:
    """Films events. The `Recorder` port.

    `trigger` is for any thread; one thread calls `step` and, when it is done, `close`.
    After `close`, `step` may be called again, as when its loop was restarted.
    """

    service: str = "surveillance"
    source: VideoSource
    spool: Spool
    store: MediaStore
    triggers: TriggerQueue
    clock: Clock
    announcer: Announcer
    random_unit: Callable[[], float]
    policy: RecordingPolicy = field(factory=RecordingPolicy)
    mode: CameraMode = field(default=CameraMode.STANDBY, converter=CameraMode)
    backoff: Backoff = field(factory=Backoff)
    _ring: PreRollRing = field(init=False)
    _due: deque[Trigger] = field(factory=deque, init=False)
    _clip: ClipInHand | None = field(default=None, init=False)
    _opened_at_s: float | None = field(default=None, init=False)
    _seen_at_s: float = field(default=0.0, init=False)
    _failures: int = field(default=0, init=False)
    _retry_at_s: float = field(default=float("-inf"), init=False)
    _lost_reason: str = field(default="", init=False)

    @_ring.default
    def _new_ring(self) -> PreRollRing:
        return PreRollRing(min_span_s=self.policy.pre_roll_s + TRIGGER_DELAY_S)

    def trigger(self, trigger: Trigger) -> None:
        """Film this, or prolong the clip in hand. Never blocks and never raises."""
        if trigger.event_type in self.policy.recorded_types and not self.triggers.put(trigger):
            self._fail(trigger, "too many events wait to be filmed already")

    def step(self, timeout_s: float) -> None:
        """Deal with one picture, or wait for a trigger or a camera for `timeout_s`."""
        if self._opened_at_s is None:
            self._step_without_camera(timeout_s)
        else:
            self._step_with_camera(timeout_s)

    def close(self) -> None:
        """Store the clip in hand and give the camera back. Closing twice is safe."""
        self._take_triggers(0)
        at_s = self.clock.monotonic_s()
        if self._opened_at_s is not None:
            self._handle_triggers(until_s=at_s)
        self._end_clip()
        self._close_camera()
        self._fail_due("the program was asked to stop")

    # --- without a camera -------------------------------------------------------------

    def _step_without_camera(self, timeout_s: float) -> None:
        until_retry_s = max(0.0, self._retry_at_s - self.clock.monotonic_s())
        if self.mode is CameraMode.STANDBY:
            timeout_s = min(timeout_s, until_retry_s)
        self._take_triggers(timeout_s)
        if self.clock.monotonic_s() < self._retry_at_s:
            self._fail_due(self._lost_reason)
        elif self.mode is CameraMode.STANDBY or self._begin_next_clip():
            self._open_camera()

    def _begin_next_clip(self) -> bool:
        """Begin the clip that a closed camera will be opened for, if one is due."""
        return bool(self._due) and self._begin_clip(self._due.popleft(), from_ring=False)

    def _open_camera(self) -> None:
        try:
            self.source.open()
        except CameraUnavailable as error:
            self._lose_camera(str(error))
            return
        self._ring.clear()
        self._opened_at_s = self._seen_at_s = self.clock.monotonic_s()
        if self._clip is not None:
            self._extend_plan(self._clip, at_s=self._opened_at_s)

    def _lose_camera(self, reason: str) -> None:
        """End what is in hand, then leave the camera alone for a while."""
        now_s = self.clock.monotonic_s()
        if self._opened_at_s is not None and now_s - self._opened_at_s > self.backoff.max_s:
            self._failures = 0
        self._failures += 1
        retry_in_s = self.backoff.delay_s(self._failures, self.random_unit())
        self._lost_reason = reason
        self._end_clip(reason_if_empty=reason)
        self._close_camera()
        self.announcer.announce(
            CameraLost(service=self.service, reason=reason, retry_in_s=retry_in_s)
        )
        self._take_triggers(0)
        self._fail_due(reason)
        self._retry_at_s = self.clock.monotonic_s() + retry_in_s

    def _close_camera(self) -> None:
        self._opened_at_s = None
        self.source.close()

    # --- with a camera ----------------------------------------------------------------

    def _step_with_camera(self, timeout_s: float) -> None:
        try:
            unit = self.source.read(timeout_s)
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
        elif at_s - self._seen_at_s > SILENT_CAMERA_S:
            self._lose_camera(f"{self.source.name} gave no picture for {SILENT_CAMERA_S:g} s")
        if self._is_idle_on_demand():
            self._close_camera()

    def _take_picture(self, unit: AccessUnit) -> None:
        self._seen_at_s = unit.at_s
        self._ring.push(unit)
        if self._clip is not None:
            self._append(self._clip, (unit,))

    def _is_idle_on_demand(self) -> bool:
        return (
            self.mode is CameraMode.ON_DEMAND
            and self._opened_at_s is not None
            and self._clip is None
            and not self._due
        )

    # --- triggers ---------------------------------------------------------------------

    def _take_triggers(self, timeout_s: float) -> None:
        trigger = self.triggers.take(timeout_s)
        while trigger is not None:
            self._due.append(trigger)
            trigger = self.triggers.take(0)

    def _handle_triggers(self, *, until_s: float) -> None:
        while self._due and self._due[0].at_s <= until_s:
            self._handle(self._due.popleft())

    def _handle(self, trigger: Trigger) -> None:
        clip = self._clip
        at_s = self._filmed_from_s(trigger)
        if clip is not None and not clip.plan.is_over(at_s):
            self._extend_plan(clip, at_s=at_s)
            clip.event_row_ids.append(trigger.event_row_id)
            self.announcer.announce(
                RecordingExtended(
                    service=self.service,
                    event_id=trigger.event_id,
                    remaining_s=clip.plan.ends_at_s - at_s,
                )
            )
            return
        self._end_clip()
        self._begin_clip(trigger, from_ring=True)

    def _filmed_from_s(self, trigger: Trigger) -> float:
        """When a trigger's film can begin: an event cannot be filmed by a closed camera."""
        return max(trigger.at_s, self._opened_at_s or trigger.at_s)

    def _extend_plan(self, clip: ClipInHand, *, at_s: float) -> None:
        plan, _ = plan_clip(self.policy, clip.plan, clip.trigger.event_type, at_s=at_s)
        assert plan is not None
        clip.plan = plan

    # --- clips ------------------------------------------------------------------------

    def _begin_clip(self, trigger: Trigger, *, from_ring: bool) -> bool:
        at_s = self._filmed_from_s(trigger)
        plan, _ = plan_clip(self.policy, None, trigger.event_type, at_s=at_s)
        assert plan is not None, "trigger() lets recorded types through only"
        age = timedelta(seconds=max(0.0, self.clock.monotonic_s() - trigger.at_s))
        unix_s = int((self.clock.now_utc() - age).timestamp())
        try:
            writer = self.spool.start_clip(
                event_id=trigger.event_id, unix_s=unix_s, format=self.source.format
            )
        except StoreUnavailable as error:
            self._fail(trigger, str(error))
            return False
        self._clip = ClipInHand(trigger=trigger, plan=plan, writer=writer)
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

    def _append(self, clip: ClipInHand, units: tuple[AccessUnit, ...]) -> None:
        try:
            for unit in units:
                clip.append(unit)
        except StoreUnavailable as error:
            self._clip = None
            self._fail(clip.trigger, str(error), kept_path=str(clip.writer.spool_path))

    def _end_clip(self, reason_if_empty: str = "the camera gave no picture") -> None:
        """Finish and store the clip in hand, if there is one."""
        clip, self._clip = self._clip, None
        if clip is None:
            return
        try:
            if clip.is_empty:
                clip.writer.discard()
                self._fail(clip.trigger, reason_if_empty)
            else:
                self._store(clip)
        except StoreUnavailable as error:
            self._fail(clip.trigger, str(error), kept_path=str(clip.writer.spool_path))

    def _store(self, clip: ClipInHand) -> None:
        video = clip.finish(self.clock, self.source.format)
        self._announce_captured(video)
        row_id = self.store.add_clip(video, event_row_ids=clip.event_row_ids)
        self.announcer.announce(
            ClipStored(
                service=self.service,
                row_id=row_id,
                clip_bytes=video.clip_bytes,
                event_id=clip.trigger.event_id,
            )
        )
        clip.writer.discard()

    def _announce_captured(self, video: Clip) -> None:
        self.announcer.announce(
            ClipCaptured(
                service=self.service,
                source=self.source.name,
                clip_bytes=video.clip_bytes,
                duration_s=video.duration_s,
                pre_roll_s=video.pre_roll_s,
            )
        )

    def _fail_due(self, reason: str) -> None:
        while self._due:
            self._fail(self._due.popleft(), reason)

    def _fail(self, trigger: Trigger, reason: str, *, kept_path: str | None = None) -> None:
        self.announcer.announce(
            ClipFailed(
                service=self.service,
                event_id=trigger.event_id,
                reason=reason,
                kept_path=kept_path,
            )
        )
