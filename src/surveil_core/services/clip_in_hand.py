"""The clip that is being filmed: its plan, its writer and what fell into it."""

from datetime import timedelta

from attrs import define, field

from surveil_core.ports.camera import Clip, ClipWriter
from surveil_core.ports.clock import Clock
from surveil_core.ports.recorder import Trigger
from surveil_core.recording import ClipPlan
from surveil_core.video import AccessUnit, VideoFormat


@define(kw_only=True)
class ClipInHand:
    """Counts what is written. Used by one thread."""

    trigger: Trigger
    plan: ClipPlan
    writer: ClipWriter
    event_row_ids: list[int] = field(init=False)
    _first_at_s: float | None = field(default=None, init=False)
    _last_at_s: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self.event_row_ids = [self.trigger.event_row_id]

    @property
    def is_empty(self) -> bool:
        """Whether no picture was written yet."""
        return self._first_at_s is None

    def append(self, unit: AccessUnit) -> None:
        """Write one picture; what precedes the first keyframe cannot be decoded and goes.

        Raises `StoreUnavailable`.
        """
        if self._first_at_s is None and not unit.keyframe:
            return
        self.writer.append(unit)
        if self._first_at_s is None:
            self._first_at_s = unit.at_s
        self._last_at_s = unit.at_s

    def finish(self, clock: Clock, format: VideoFormat) -> Clip:
        """Make the video of a clip that is not empty. Raises `StoreUnavailable`."""
        assert self._first_at_s is not None, "finish() of a clip without pictures"
        file = self.writer.finish()
        age = timedelta(seconds=clock.monotonic_s() - self._first_at_s)
        return Clip(
            video_path=file.path,
            clip_bytes=file.size_bytes,
            duration_s=self._last_at_s - self._first_at_s + 1 / format.fps,
            pre_roll_s=max(0.0, self.trigger.at_s - self._first_at_s),
            started_at_utc=clock.now_utc() - age,
            format=format,
        )
