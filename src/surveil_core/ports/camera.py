"""Pictures, and the videos made of them."""

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

    @property
    def dropped_pictures(self) -> int:
        """How many came and were thrown away because the reader was late, in all runs together."""

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

    `started_at_utc` is its first picture. The trigger lies `pre_roll_s` after that, or
    `start_delay_s` before it: the camera had to be started first, or what it sent first was
    damaged. For `missing_s` nothing was filmed between its first picture and the end that it was
    to have: the camera gave nothing, too much, something damaged, or failed. What was `salvaged`
    may lack its end, since the program or the disk failed while it was filmed.
    """

    video_path: Path
    clip_bytes: int
    duration_s: float
    pre_roll_s: float
    start_delay_s: float = 0.0
    missing_s: float = 0.0
    started_at_utc: datetime
    format: VideoFormat
    camera_number: int = 1
    salvaged: bool = False


@frozen(kw_only=True)
class VideoFile:
    """A playable file and its size."""

    path: Path
    size_bytes: int
