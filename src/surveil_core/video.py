"""What a camera yields: H.264 access units with the camera's own times."""

from collections.abc import Sequence
from itertools import pairwise

from attrs import field, frozen, validators


@frozen(kw_only=True)
class VideoFormat:
    """What was asked of a camera, and what is stored beside its clips."""

    width: int = field(default=1280, validator=validators.ge(16))
    height: int = field(default=720, validator=validators.ge(16))
    fps: int = field(default=15, validator=[validators.ge(1), validators.le(120)])
    codec: str = "h264"

    @property
    def resolution(self) -> str:
        """The spec's text form: `1280x720`."""
        return f"{self.width}x{self.height}"

    @classmethod
    def parse(cls, resolution: str, fps: int) -> "VideoFormat":
        """Read `1280x720`. Raises `ValueError` naming what was given."""
        width, cross, height = resolution.partition("x")
        if not (cross and width.isdecimal() and height.isdecimal()):
            raise ValueError(f"resolution is {resolution!r}, expected such as '1280x720'")
        return cls(width=int(width), height=int(height), fps=fps)


@frozen(kw_only=True)
class AccessUnit:
    """One coded picture (ITU-T H.264, 7.4.1.2.3) as Annex B bytes.

    A keyframe carries its SPS and PPS. `at_s` is when the picture was taken, in
    monotonic seconds.
    """

    annex_b: bytes = field(repr=False)
    keyframe: bool
    at_s: float


GAP_S = 0.5
"""Pictures that lie further apart, and by more than three of their own steps, leave a gap."""


def missing_s(stamps_s: Sequence[float], *, until_s: float | None, fps: int) -> float:
    """Say how long nothing was filmed between the first picture and `until_s`.

    `stamps_s` are the pictures' times, in order. Without `until_s`, nobody knows how much
    longer it was to go on, and what lies behind the last picture is not missed.
    """
    step_s = 1 / fps
    ends_s = [*stamps_s, until_s] if stamps_s and until_s is not None else stamps_s
    steps_s = (later_s - earlier_s for earlier_s, later_s in pairwise(ends_s))
    return sum(wide_s - step_s for wide_s in steps_s if wide_s > max(GAP_S, 3 * step_s))
