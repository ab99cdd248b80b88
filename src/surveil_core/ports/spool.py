"""Where clips lie between their first picture and their row in `media`.

What the disk holds of a clip is enough to make its video, whoever is killed meanwhile.
"""

from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from attrs import frozen

from surveil_core.ports.camera import Clip, VideoFile
from surveil_core.ports.preview import ClipPreview
from surveil_core.video import AccessUnit, VideoFormat, missing_s


@frozen(kw_only=True)
class FilmedEvent:
    """An event that a clip shows: its row in `evenement`, and its id to make sure of it."""

    event_row_id: int
    event_id: str


@frozen(kw_only=True)
class ClipLabel:
    """What is known of a clip before its first picture.

    `triggered_at_s` is on the clock of its pictures, `triggered_at_utc` the same instant.
    """

    event: FilmedEvent
    triggered_at_s: float
    triggered_at_utc: datetime
    format: VideoFormat
    camera_number: int = 1

    def describe(
        self,
        file: VideoFile,
        *,
        stamps_s: Sequence[float],
        until_s: float | None,
        format: VideoFormat,
        salvaged: bool,
    ) -> Clip:
        """Describe the video of pictures taken at `stamps_s`, to go on until `until_s`."""
        early_s = self.triggered_at_s - stamps_s[0]
        return Clip(
            video_path=file.path,
            clip_bytes=file.size_bytes,
            duration_s=stamps_s[-1] - stamps_s[0] + 1 / format.fps,
            pre_roll_s=max(0.0, early_s),
            start_delay_s=max(0.0, -early_s),
            missing_s=missing_s(stamps_s, until_s=until_s, fps=format.fps),
            started_at_utc=self.triggered_at_utc - timedelta(seconds=early_s),
            format=format,
            camera_number=self.camera_number,
            salvaged=salvaged,
        )


@frozen(kw_only=True)
class MadeVideo:
    """A clip as a playable file, and its preview or, if one was asked for, why there is none."""

    clip: Clip
    preview: ClipPreview | None = None
    no_preview_reason: str = ""


KEPT_FREE_BYTES = 1024 * 1024
"""What films leave free of the disk.

Without it the database could not even delete a video: it writes a journal first.
"""


def mp4_room_bytes(raw_bytes: int) -> int:
    """Say what must be free on the disk for the MP4 of a raw stream to be made.

    Its tables name each picture, which may be small. It may take half of what films leave free:
    the rest is enough for the journal with which the database makes room for it.
    """
    return raw_bytes + raw_bytes // 4 + KEPT_FREE_BYTES // 2


class SpooledClip(Protocol):
    """A clip whose filming is over, in this run or in one that was killed. Used by one thread."""

    spool_path: Path
    """The raw stream, `recording_<event_id>_<unix s>.h264` (spec, section 3)."""

    events: tuple[FilmedEvent, ...]
    """What it shows, the event that triggered it first. None when that cannot be read."""

    has_pictures: bool
    """Whether a video can be made of it."""

    cut_short: bool
    """Whether nobody could say that it was complete."""

    raw_bytes: int
    """How long its raw stream is; its video will be about as long."""

    unread_because: str | None
    """Why some of its files could not be read, though a person may; None as long as all could."""

    def make_video(self, *, with_preview: bool = True) -> MadeVideo:
        """Wrap the pictures that are whole as a playable MP4, without transcoding.

        A preview takes longer than the video, decodes a few pictures of it, and never costs it.
        What the disk does not give any more ends the film, and is in `unread_because` then.
        Raises `StoreUnavailable`, and may be called again; `DataLost` when there is no picture
        that can be played.
        """

    def remove_video(self) -> None:
        """Remove the MP4, if there is one, whose room is needed. Never raises.

        It is made again when it is asked for.
        """

    def discard(self) -> None:
        """Remove the clip's files. Twice is safe. Raises `StoreUnavailable`."""

    def set_aside(self) -> Path:
        """Move the clip's files to where no run looks for any, and a person does; say where.

        Twice is safe. Raises `StoreUnavailable`.
        """


@frozen(kw_only=True)
class LeftClips:
    """What an earlier run left, oldest first.

    `refusal` says why some are not among them yet, as when this user may not read them; None
    where all are.
    """

    clips: Sequence[SpooledClip] = ()
    refusal: str | None = None


class ClipWriter(Protocol):
    """One clip being written. Used by one thread.

    A crash of the program takes nothing that was written, a power cut the last second.
    """

    spool_path: Path
    """As of `SpooledClip`."""

    has_pictures: bool
    """Whether any was written: not all of them may be where the disk refused."""

    def append(self, *units: AccessUnit) -> None:
        """Write pictures; the pre-roll in one go. Raises `StoreUnavailable` when the disk refuses.

        The first of a clip is a keyframe.
        """

    def add_event(self, event: FilmedEvent) -> None:
        """Write that the clip shows a further event. Raises `StoreUnavailable`."""

    def finish(self, *, triggered_at_utc: datetime, until_s: float | None = None) -> SpooledClip:
        """End the clip, which was to go on until `until_s`, on the clock of its pictures.

        The trigger's instant is told again, should the wall clock have been set meanwhile.
        A disk that refuses leaves a clip that is `cut_short`; so does one that refused
        before.
        """


class Spool(Protocol):
    """The clips of one data folder, which belong to one process at a time."""

    def open(self) -> None:
        """Take possession. Raises `StoreUnavailable`, also while another process has it."""

    def left_clips(self, *, skip: Container[Path] = ()) -> LeftClips:
        """List what was there when the spool was opened. None keeps the others from being told.

        Each is read, but for those whose `spool_path` is in `skip`: they are not among them.
        """

    def start_clip(self, label: ClipLabel) -> ClipWriter:
        """Begin a clip. Raises `StoreUnavailable`."""

    def close(self) -> None:
        """Let another process have it. Closing twice is safe."""
