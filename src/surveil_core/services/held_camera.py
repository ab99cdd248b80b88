"""The camera, open or left alone for a while after it failed."""

from collections.abc import Callable

from attrs import define, field

from surveil_core.backoff import Backoff
from surveil_core.notices import CameraLost
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.camera import VideoSource
from surveil_core.ports.clock import Clock
from surveil_core.services.filming_figures import CameraFigures
from surveil_core.video import AccessUnit

SILENT_CAMERA_S = 5.0
"""A camera that gives no picture for so long counts as lost."""


@define(kw_only=True)
class HeldCamera:
    """Knows since when the camera is open, and when it may be tried again.

    Used by one thread. `lost_reason` is why it was lost last.
    """

    service: str = "surveillance"
    source: VideoSource
    clock: Clock
    announcer: Announcer
    random_unit: Callable[[], float]
    backoff: Backoff = field(factory=Backoff)
    opened_at_s: float | None = field(default=None, init=False)
    lost_reason: str = field(default="", init=False)
    _starts: int = field(default=0, init=False)
    _start_s: float = field(default=0.0, init=False)
    _losses: int = field(default=0, init=False)
    _pictures: int = field(default=0, init=False)
    _picture_bytes: int = field(default=0, init=False)
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
        self._starts += 1
        self._start_s = self.opened_at_s - began_at_s

    def read(self, timeout_s: float) -> AccessUnit | None:
        """Wait for the next picture. Raises `CameraUnavailable`, as above."""
        unit = self.source.read(timeout_s)
        if unit is not None:
            self._seen_at_s = unit.at_s
            self._pictures += 1
            self._picture_bytes += len(unit.annex_b)
        return unit

    def is_silent(self, at_s: float) -> bool:
        """Whether the camera hangs, having given no picture since long before `at_s`."""
        return at_s - self._seen_at_s > SILENT_CAMERA_S

    def lose(self, reason: str) -> None:
        """Close a camera that failed, and leave it alone for a while that grows."""
        now_s = self.clock.monotonic_s()
        if self.opened_at_s is not None and now_s - self.opened_at_s > self.backoff.max_s:
            self._failures = 0
        self._failures += 1
        self._losses += 1
        self.lost_reason = reason
        self.close()
        retry_in_s = self.backoff.delay_s(self._failures, self.random_unit())
        self._retry_at_s = self.clock.monotonic_s() + retry_in_s
        self.announcer.announce(
            CameraLost(service=self.service, reason=reason, retry_in_s=retry_in_s)
        )

    def close(self) -> None:
        """Give the camera back. Closing twice is safe."""
        self.opened_at_s = None
        self.source.close()
