"""The camera, open or left alone for a while after it failed."""

from collections.abc import Callable

from attrs import define, field

from surveil_core.backoff import Backoff
from surveil_core.notices import CameraLost
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.camera import VideoSource
from surveil_core.ports.clock import Clock
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
    _seen_at_s: float = field(default=0.0, init=False)
    _failures: int = field(default=0, init=False)
    _retry_at_s: float = field(default=float("-inf"), init=False)

    @property
    def retry_in_s(self) -> float:
        """How long it is still left alone; 0 when it may be opened."""
        return max(0.0, self._retry_at_s - self.clock.monotonic_s())

    def open(self) -> None:
        """Take the camera. Raises `CameraUnavailable`; the caller tells it by `lose`."""
        self.source.open()
        self.opened_at_s = self._seen_at_s = self.clock.monotonic_s()

    def read(self, timeout_s: float) -> AccessUnit | None:
        """Wait for the next picture. Raises `CameraUnavailable`, as above."""
        unit = self.source.read(timeout_s)
        if unit is not None:
            self._seen_at_s = unit.at_s
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
