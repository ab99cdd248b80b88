"""What a camera yields: H.264 access units with the camera's own times."""

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
