"""The camera, open or left alone for a while after it failed."""

from collections.abc import Callable

from attrs import define, field

from surveil_core.backoff import Backoff
from surveil_core.errors import CameraUnavailable
from surveil_core.notices import CameraLost
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.camera import VideoSource
from surveil_core.ports.clock import Clock
from surveil_core.services.filming_figures import CameraFigures
from surveil_core.video import AccessUnit, VideoFormat

SILENT_CAMERA_S = 5.0
"""A camera that gives no picture for so long counts as lost."""

FLOOD_WINDOW_S = 5.0
"""A camera that floods for so long counts as lost; one that catches up on a pause does not."""

FLOOD_FACTOR = 8
"""A flood is so many times the pictures that were asked for."""

MIN_FLOOD_PER_S = 240
"""Fewer pictures a second are no flood, however few were asked for."""

FLOOD_BYTES_PER_S = 16 * 1024 * 1024
"""More bytes a second are a flood, in however many pictures."""


@define(kw_only=True)
class HeldCamera:
    """Knows since when the camera is open, and when it may be tried again.

    It does not take everything from a camera: one that floods would fill the disk.

    Used by one thread. `lost_reason` is why it was lost last; `has_changed` says that its
    pictures do not go on where those of the time before stopped. `gave_pictures` says that one
    came since it was opened.
    """

    service: str = "surveillance"
    number: int = 1
    source: VideoSource
    clock: Clock
    announcer: Announcer
    random_unit: Callable[[], float]
    backoff: Backoff = field(factory=Backoff)
    opened_at_s: float | None = field(default=None, init=False)
    lost_reason: str = field(default="", init=False)
    has_changed: bool = field(default=False, init=False)
    gave_pictures: bool = field(default=False, init=False)
    _stream: tuple[str, VideoFormat] | None = field(default=None, init=False)
    _starts: int = field(default=0, init=False)
    _start_s: float = field(default=0.0, init=False)
    _losses: int = field(default=0, init=False)
    _pictures: int = field(default=0, init=False)
    _picture_bytes: int = field(default=0, init=False)
    _window: tuple[float, int, int] = field(default=(0.0, 0, 0), init=False)
    _seen_at_s: float = field(default=0.0, init=False)
    _failures: int = field(default=0, init=False)
    _retry_at_s: float = field(default=float("-inf"), init=False)

    @property
    def retry_in_s(self) -> float:
        """How long it is still left alone; 0 when it may be opened."""
        return max(0.0, self._retry_at_s - self.clock.monotonic_s())

    @property
    def figures(self) -> CameraFigures:
        """Count. For the thread that uses the camera."""
        return CameraFigures(
            number=self.number,
            is_open=self.opened_at_s is not None,
            starts=self._starts,
            start_s=self._start_s,
            failures=self._losses,
            pictures=self._pictures,
            picture_bytes=self._picture_bytes,
            dropped_pictures=self.source.dropped_pictures,
        )

    def open(self) -> None:
        """Take the camera. Raises `CameraUnavailable`; the caller tells it by `lose`."""
        began_at_s = self.clock.monotonic_s()
        self.source.open()
        self.opened_at_s = self._seen_at_s = self.clock.monotonic_s()
        self._window = self.opened_at_s, self._pictures, self._picture_bytes
        stream = self.source.name, self.source.format
        self.has_changed, self._stream = self._stream not in (None, stream), stream
        self._starts += 1
        self._start_s = self.opened_at_s - began_at_s

    def read(self, timeout_s: float) -> AccessUnit | None:
        """Wait for the next picture. Raises `CameraUnavailable`, as above, also for a flood."""
        unit = self.source.read(timeout_s)
        if unit is not None:
            self._seen_at_s = self.clock.monotonic_s()
            self.gave_pictures = True
            self._pictures += 1
            self._picture_bytes += len(unit.annex_b)
            self._refuse_flood(self._seen_at_s)
        return unit

    def _refuse_flood(self, at_s: float) -> None:
        """Look at what has come since the window began, and begin another when it is over.

        `_window` is when it began, and the counts of then.
        """
        began_at_s, pictures, picture_bytes = self._window
        pictures, picture_bytes = self._pictures - pictures, self._picture_bytes - picture_bytes
        asked_per_s = self.source.format.fps
        max_pictures = FLOOD_WINDOW_S * max(FLOOD_FACTOR * asked_per_s, MIN_FLOOD_PER_S)
        if pictures > max_pictures or picture_bytes > FLOOD_WINDOW_S * FLOOD_BYTES_PER_S:
            raise CameraUnavailable(
                f"{self.source.name} floods: {pictures} pictures of {picture_bytes} bytes within "
                f"{at_s - began_at_s:.1f} s, {asked_per_s} a second were asked for"
            )
        if at_s - began_at_s >= FLOOD_WINDOW_S:
            self._window = at_s, self._pictures, self._picture_bytes

    @property
    def is_silent(self) -> bool:
        """Whether the camera hangs, having given no picture for long."""
        return self.clock.monotonic_s() - self._seen_at_s > SILENT_CAMERA_S

    def lose(self, reason: str) -> None:
        """Close a camera that failed, and leave it alone for a while that grows."""
        now_s = self.clock.monotonic_s()
        if self.opened_at_s is not None and now_s - self.opened_at_s > self.backoff.max_s:
            self._failures = 0
        self._failures += 1
        self._losses += 1
        self.lost_reason = reason
        self._give_back()
        retry_in_s = self.backoff.delay_s(self._failures, self.random_unit())
        self._retry_at_s = self.clock.monotonic_s() + retry_in_s
        self.announcer.announce(
            CameraLost(service=self.service, reason=reason, retry_in_s=retry_in_s)
        )

    def close(self) -> None:
        """Give back a camera that did not fail. Closing twice is safe.

        One that gave pictures is sound, however short it was open: its failures are forgotten.
        """
        if self.gave_pictures:
            self._failures = 0
        self._give_back()

    def _give_back(self) -> None:
        self.opened_at_s, self.gave_pictures = None, False
        self.source.close()
