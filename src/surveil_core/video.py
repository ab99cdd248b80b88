"""What a camera yields: H.264 access units with the camera's own times."""

from collections.abc import Sequence
from itertools import chain, islice, pairwise

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

SLOWEST_STEP_S = 1.0
"""No camera may be slower (`VideoSource`); what lies still further apart are gaps."""

MIN_STEPS = 5
"""So many show a camera's own step; of fewer, most may be gaps."""

_SAMPLED_STEPS = 500
"""About so many steps are compared; half an hour has 27,000, whose list would take a megabyte."""


def missing_s(stamps_s: Sequence[float], *, until_s: float | None, fps: int) -> float:
    """Say how long nothing was filmed between the first picture and `until_s`.

    `stamps_s` are the pictures' times, in order; `fps` was asked for, and a camera set to fewer
    misses nothing. Without `until_s`, nobody knows how much longer it was to go on, and what lies
    behind the last picture is not missed.
    """
    step_s = max(1 / fps, _own_step_s(stamps_s))
    end_s = () if until_s is None or not stamps_s else (until_s,)
    steps_s = (later_s - earlier_s for earlier_s, later_s in pairwise(chain(stamps_s, end_s)))
    return sum(wide_s - step_s for wide_s in steps_s if wide_s > max(GAP_S, 3 * step_s))


def _own_step_s(stamps_s: Sequence[float]) -> float:
    """Say how far the pictures mostly lie apart (the median), or 0 where too few tell it."""
    every = len(stamps_s) // _SAMPLED_STEPS + 1
    sampled = islice(pairwise(stamps_s), 0, None, every)
    steps_s = sorted(later_s - earlier_s for earlier_s, later_s in sampled)
    if len(steps_s) < MIN_STEPS:
        return 0.0
    return min(SLOWEST_STEP_S, steps_s[(len(steps_s) - 1) // 2])
