"""The clip that is being filmed: its plan, its writer and what fell into it."""

from itertools import dropwhile

from attrs import define

from surveil_core.ports.clock import Clock
from surveil_core.ports.recorder import Trigger
from surveil_core.ports.spool import ClipLabel, ClipWriter, FilmedEvent, Spool, SpooledClip
from surveil_core.recording import ClipPlan
from surveil_core.services.dating import utc_of
from surveil_core.video import AccessUnit, VideoFormat


@define(kw_only=True)
class ClipInHand:
    """Knows whether anything is written. Used by one thread."""

    trigger: Trigger
    plan: ClipPlan
    writer: ClipWriter

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written yet."""
        return not self.writer.has_pictures

    @classmethod
    def begin(
        cls,
        spool: Spool,
        trigger: Trigger,
        plan: ClipPlan,
        *,
        format: VideoFormat,
        camera_number: int,
        clock: Clock,
    ) -> "ClipInHand":
        """Begin a clip in the spool. Raises `StoreUnavailable`."""
        label = ClipLabel(
            event=filmed(trigger),
            triggered_at_s=trigger.happened_at_s,
            triggered_at_utc=utc_of(trigger.happened_at_s, clock),
            format=format,
            camera_number=camera_number,
        )
        return cls(trigger=trigger, plan=plan, writer=spool.start_clip(label))

    def append(self, *units: AccessUnit) -> None:
        """Write pictures; what precedes the first keyframe cannot be decoded and goes.

        Raises `StoreUnavailable`.
        """
        if self.is_empty:
            units = tuple(dropwhile(lambda unit: not unit.keyframe, units))
        if units:
            self.writer.append(*units)

    def finish(self, clock: Clock) -> SpooledClip:
        """End the clip."""
        return self.writer.finish(
            triggered_at_utc=utc_of(self.trigger.happened_at_s, clock),
            until_s=self.plan.ends_at_s,
        )


def filmed(trigger: Trigger) -> FilmedEvent:
    """Name the event of a trigger."""
    return FilmedEvent(event_row_id=trigger.event_row_id, event_id=trigger.event_id)
