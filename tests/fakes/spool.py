"""A spool in memory."""

from collections.abc import Container
from datetime import datetime
from pathlib import Path

from attrs import define, evolve, field

from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.ports.camera import VideoFile
from surveil_core.ports.preview import ClipPreview
from surveil_core.ports.spool import ClipLabel, FilmedEvent, LeftClips, MadeVideo
from surveil_core.video import AccessUnit

PREVIEW = ClipPreview(thumbnail=b"\xff\xd8thumbnail\xff\xd9", strip=b"\xff\xd8strip\xff\xd9")


@define(kw_only=True)
class FakeSpooledClip:
    """Implements `SpooledClip`; without a `label` nothing is known of it.

    Its film ends at `unreadable` when the video is made, as where the disk fails; while it is
    `refused` it may not be looked at. With `has_video` its MP4 takes room on the disk.
    """

    spool: "FakeSpool"
    spool_path: Path
    label: ClipLabel | None
    events: tuple[FilmedEvent, ...] = ()
    units: list[AccessUnit] = field(factory=list)
    until_s: float | None = None
    cut_short: bool = False
    playable: bool = True
    unread_because: str | None = None
    unreadable: str | None = None
    refused: str | None = None
    has_video: bool = False
    discarded: bool = field(default=False, init=False)
    is_aside: bool = field(default=False, init=False)

    @property
    def has_pictures(self) -> bool:
        """As the port says."""
        return bool(self.units)

    @property
    def raw_bytes(self) -> int:
        """As the port says."""
        return sum(len(unit.annex_b) for unit in self.units)

    def make_video(self, *, with_preview: bool = True) -> MadeVideo:
        """Describe the MP4 that there would be."""
        if self.spool.video_error is not None:
            raise StoreUnavailable(self.spool.video_error)
        self.unread_because = self.unreadable or self.unread_because
        if self.label is None or not self.units or not self.playable:
            raise DataLost(f"{self.spool_path} cannot be played")
        clip = self.label.describe(
            VideoFile(path=self.spool_path.with_suffix(".mp4"), size_bytes=self.raw_bytes),
            stamps_s=[unit.at_s for unit in self.units],
            until_s=self.until_s,
            format=self.label.format,
            salvaged=self.cut_short or self.unread_because is not None,
        )
        self.has_video = True
        if not with_preview:
            return MadeVideo(clip=clip)
        self.spool.previews += 1
        if self.spool.preview_error is not None:
            return MadeVideo(clip=clip, no_preview_reason=self.spool.preview_error)
        return MadeVideo(clip=clip, preview=PREVIEW)

    def remove_video(self) -> None:
        """Forget the MP4."""
        self.has_video = False

    def discard(self) -> None:
        """Forget the clip's files."""
        if self.spool.discard_error is not None:
            raise StoreUnavailable(self.spool.discard_error)
        self.discarded = True

    def set_aside(self) -> Path:
        """Take the clip's files out of the spool."""
        if self.spool.discard_error is not None:
            raise StoreUnavailable(self.spool.discard_error)
        self.is_aside = True
        return Path("/spool/set_aside") / self.spool_path.name


@define(kw_only=True)
class FakeClipWriter:
    """Implements `ClipWriter`; `units` and `events` hold what was written."""

    spool: "FakeSpool"
    spool_path: Path
    label: ClipLabel
    units: list[AccessUnit] = field(factory=list, init=False)
    events: list[FilmedEvent] = field(init=False)
    refused: bool = field(default=False, init=False)
    clip: FakeSpooledClip | None = field(default=None, init=False)

    @events.default
    def _first_event(self) -> list[FilmedEvent]:
        return [self.label.event]

    @property
    def has_pictures(self) -> bool:
        """As the port says."""
        return bool(self.units)

    @property
    def discarded(self) -> bool:
        """Whether the clip's files were removed."""
        return self.clip is not None and self.clip.discarded

    def append(self, *units: AccessUnit) -> None:
        """Remember pictures. Refuses a first one that is no keyframe."""
        self._check()
        if units and not self.units and not units[0].keyframe:
            raise ValueError("the first picture is no keyframe: the clip cannot be decoded")
        self.units.extend(units)

    def add_event(self, event: FilmedEvent) -> None:
        """Remember a further event."""
        self._check()
        if self.spool.event_error is not None:
            self.refused = True
            raise StoreUnavailable(self.spool.event_error)
        self.events.append(event)

    def finish(
        self, *, triggered_at_utc: datetime, until_s: float | None = None
    ) -> FakeSpooledClip:
        """End the clip."""
        label = evolve(self.label, triggered_at_utc=triggered_at_utc)
        self.clip = self._clip(label, cut_short=self.refused)
        self.clip.until_s = None if self.refused else until_s
        return self.clip

    def remains(self) -> FakeSpooledClip:
        """Give what the next run finds."""
        return self.clip or self._clip(self.label, cut_short=True)

    def _clip(self, label: ClipLabel, *, cut_short: bool) -> FakeSpooledClip:
        return FakeSpooledClip(
            spool=self.spool,
            spool_path=self.spool_path,
            label=label,
            events=tuple(self.events),
            units=self.units,
            cut_short=cut_short,
        )

    def _check(self) -> None:
        if self.clip is not None or self.refused:
            raise ValueError(f"{self.spool_path} is finished, expected no more pictures")
        if self.spool.append_error is not None:
            self.refused = True
            raise StoreUnavailable(self.spool.append_error)


@define(kw_only=True)
class FakeSpool:
    """Implements `Spool`. The errors, while set, are raised by what they name.

    `previews` counts those that were asked for; `preview_error` is why there is none.

    `left` is what an earlier run left: put in by a test, or not discarded when reopened. `read`
    names the clips that were looked at, each time.
    """

    open_error: str | None = None
    start_error: str | None = None
    append_error: str | None = None
    event_error: str | None = None
    video_error: str | None = None
    preview_error: str | None = None
    previews: int = 0
    discard_error: str | None = None
    left: list[FakeSpooledClip] = field(factory=list)
    read: list[Path] = field(factory=list, init=False)
    is_open: bool = field(default=False, init=False)
    writers: list[FakeClipWriter] = field(factory=list, init=False)

    def open(self) -> None:
        """Take possession."""
        if self.open_error is not None:
            raise StoreUnavailable(self.open_error)
        self.is_open = True
        self.left += [writer.remains() for writer in self.writers]
        self.writers = []

    def left_clips(self, *, skip: Container[Path] = ()) -> LeftClips:
        """List what is left, and neither discarded nor set aside."""
        there = [
            clip
            for clip in self.left
            if not (clip.discarded or clip.is_aside or clip.spool_path in skip)
        ]
        self.read += [clip.spool_path for clip in there]
        return LeftClips(
            clips=[clip for clip in there if clip.refused is None],
            refusal=next((clip.refused for clip in there if clip.refused), None),
        )

    def start_clip(self, label: ClipLabel) -> FakeClipWriter:
        """Begin a clip in memory."""
        if self.start_error is not None:
            raise StoreUnavailable(self.start_error)
        if not self.is_open:
            raise ValueError("the spool is not open")
        unix_s = int(label.triggered_at_utc.timestamp())
        path = Path("/spool") / f"recording_{label.event.event_id}_{unix_s}.h264"
        writer = FakeClipWriter(spool=self, spool_path=path, label=label)
        self.writers.append(writer)
        return writer

    def close(self) -> None:
        """Let another process have it."""
        self.is_open = False
