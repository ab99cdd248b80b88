"""A camera whose pictures are numbered bytes, on a fake clock."""

from collections import deque
from collections.abc import Callable, Sequence

from attrs import Factory, define, field

from surveil_core.errors import CameraUnavailable
from surveil_core.video import AccessUnit, VideoFormat
from tests.fakes.clock import FakeClock

PARAMETER_SETS = b"\x00\x00\x00\x01\x67\x42\x00\x1f\x00\x00\x00\x01\x68\xce\x3c\x80"


@define(kw_only=True)
class FakeCamera:
    """Implements `VideoSource`: reading takes the clock to the next picture.

    `open_errors` are used up one an open. `dies_with` ends the stream, `silent` stops
    pictures without an end. `opening_takes_s` passes at each open, of which `while_opening` is
    called in the middle. `pictures_per_s` and
    `picture_bytes` may be more than any camera gives. With `coded`, from a keyframe on, the
    pictures are those, over and over, and can be decoded.
    """

    clock: FakeClock
    name: str = "fake"
    simulated: bool = True
    format: VideoFormat = field(factory=lambda: VideoFormat(width=64, height=48, fps=10))
    open_errors: deque[str] = field(factory=deque)
    opening_takes_s: float = 0.0
    while_opening: Callable[[], object] = lambda: None
    dies_with: str | None = None
    silent: bool = False
    dropped_pictures: int = 0
    pictures_per_s: float = field(default=Factory(lambda x: x.format.fps, takes_self=True))
    picture_bytes: int = 0
    coded: Sequence[AccessUnit] = ()
    is_open: bool = field(default=False, init=False)
    opened: int = field(default=0, init=False)
    closed: int = field(default=0, init=False)
    _next_at_s: float = field(default=0.0, init=False)
    _number: int = field(default=0, init=False)

    def open(self) -> None:
        """Open, or raise the next of `open_errors`."""
        if self.is_open:
            raise ValueError(f"{self.name} is open already: a camera has one owner")
        self.opened += 1
        self.clock.advance(self.opening_takes_s / 2)
        self.while_opening()
        self.clock.advance(self.opening_takes_s / 2)
        if self.open_errors:
            raise CameraUnavailable(self.open_errors.popleft())
        self.is_open = True
        self._number = 0
        self._next_at_s = self.clock.monotonic_s()

    def read(self, timeout_s: float) -> AccessUnit | None:
        """Give the picture that is due by `timeout_s`; one that waited comes at once."""
        if not self.is_open:
            raise CameraUnavailable(f"{self.name} is not open; open() it before reading")
        if self.dies_with is not None:
            raise CameraUnavailable(self.dies_with)
        wait_s = max(0.0, self._next_at_s - self.clock.monotonic_s())
        if self.silent or wait_s > timeout_s:
            self.clock.advance(timeout_s)
            return None
        self.clock.advance(wait_s)
        return self._picture()

    def close(self) -> None:
        """Close. Counts only what was open."""
        self.closed += self.is_open
        self.is_open = False

    def _picture(self) -> AccessUnit:
        if self.coded:
            shown = self.coded[self._number % len(self.coded)]
            return self._next(shown.annex_b, keyframe=shown.keyframe)
        keyframe = self._number % self.format.fps == 0
        head = PARAMETER_SETS + b"\x00\x00\x00\x01\x65" if keyframe else b"\x00\x00\x00\x01\x41"
        body = (b"%d" % self._number).ljust(self.picture_bytes, b"\xff")
        return self._next(head + body, keyframe=keyframe)

    def _next(self, annex_b: bytes, *, keyframe: bool) -> AccessUnit:
        unit = AccessUnit(annex_b=annex_b, keyframe=keyframe, at_s=self._next_at_s)
        self._number += 1
        self._next_at_s += 1 / self.pictures_per_s
        return unit
