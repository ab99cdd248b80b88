"""A spool in memory."""

from pathlib import Path

from attrs import define, field

from surveil_core.errors import StoreUnavailable
from surveil_core.ports.camera import VideoFile
from surveil_core.video import AccessUnit, VideoFormat


@define(kw_only=True)
class FakeClipWriter:
    """Implements `ClipWriter`; `units` holds what was written."""

    spool: "FakeSpool"
    spool_path: Path
    units: list[AccessUnit] = field(factory=list, init=False)
    finished: bool = field(default=False, init=False)
    discarded: bool = field(default=False, init=False)

    def append(self, unit: AccessUnit) -> None:
        """Remember a picture. Refuses a first one that is no keyframe."""
        if self.finished or self.discarded:
            raise ValueError(f"{self.spool_path} is finished, expected no more pictures")
        if not self.units and not unit.keyframe:
            raise ValueError("the first picture is no keyframe: the clip cannot be decoded")
        if self.spool.append_error is not None:
            raise StoreUnavailable(self.spool.append_error)
        self.units.append(unit)

    def finish(self) -> VideoFile:
        """Name the MP4."""
        if self.spool.finish_error is not None:
            raise StoreUnavailable(self.spool.finish_error)
        if not self.units:
            raise StoreUnavailable(f"{self.spool_path} has no picture")
        self.finished = True
        size_bytes = sum(len(unit.annex_b) for unit in self.units)
        return VideoFile(path=self.spool_path.with_suffix(".mp4"), size_bytes=size_bytes)

    def discard(self) -> None:
        """Forget the clip's files."""
        self.discarded = True


@define(kw_only=True)
class FakeSpool:
    """Implements `Spool`. The errors, while set, are raised by what they name."""

    start_error: str | None = None
    append_error: str | None = None
    finish_error: str | None = None
    writers: list[FakeClipWriter] = field(factory=list, init=False)

    def start_clip(self, *, event_id: str, unix_s: int, format: VideoFormat) -> FakeClipWriter:
        """Begin a clip in memory."""
        if self.start_error is not None:
            raise StoreUnavailable(self.start_error)
        path = Path("/spool") / f"recording_{event_id}_{unix_s}.h264"
        writer = FakeClipWriter(spool=self, spool_path=path)
        self.writers.append(writer)
        return writer
