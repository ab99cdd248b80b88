"""Pictures, and the files made of them."""

from datetime import datetime
from pathlib import Path
from typing import Protocol

from attrs import frozen

from surveil_core.video import AccessUnit, VideoFormat


class VideoSource(Protocol):
    """One camera, real or simulated. Used by one thread.

    Yields a keyframe a second at least, each with SPS and PPS.
    """

    name: str
    """As the spec's log prints it: `libcamera-vid`, `ffmpeg`, ..."""

    simulated: bool
    """Whether the pictures show no real place now: a test picture, or a file."""

    format: VideoFormat
    """What was asked for; once open, with the true picture size."""

    def open(self) -> None:
        """Take the camera. Raises `CameraUnavailable` with the reason."""

    def read(self, timeout_s: float) -> AccessUnit | None:
        """Wait for the next picture; None after `timeout_s`.

        Raises `CameraUnavailable` once the source has ended or died.
        """

    def close(self) -> None:
        """Give the camera back; no process or descriptor stays. Twice is safe."""


@frozen(kw_only=True)
class Clip:
    """A finished video.

    `started_at_utc` is its first picture; the trigger lies `pre_roll_s` after it.
    """

    video_path: Path
    clip_bytes: int
    duration_s: float
    pre_roll_s: float
    started_at_utc: datetime
    format: VideoFormat
    camera_number: int = 1


@frozen(kw_only=True)
class VideoFile:
    """A playable file and its size."""

    path: Path
    size_bytes: int


class ClipWriter(Protocol):
    """One clip being written, safe on disk picture by picture. Used by one thread."""

    spool_path: Path
    """The raw stream, `recording_<event_id>_<unix s>.h264` (spec, section 3)."""

    def append(self, unit: AccessUnit) -> None:
        """Write one picture. Raises `StoreUnavailable` when the disk refuses."""

    def finish(self) -> VideoFile:
        """Close the stream and wrap it as a playable MP4, without transcoding.

        Raises `StoreUnavailable`; the raw stream then stays where it is.
        """

    def discard(self) -> None:
        """Remove the clip's files, once they are stored elsewhere. Twice is safe."""


class Spool(Protocol):
    """Where clips are written."""

    def start_clip(self, *, event_id: str, unix_s: int, format: VideoFormat) -> ClipWriter:
        """Begin a clip. Raises `StoreUnavailable`."""
