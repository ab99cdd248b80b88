"""Where coded pictures wait between the thread that receives them and the one that reads.

A camera does not wait: while the reader waits for a busy disk, some seconds of pictures queue
up here. Should that not be enough, whole groups of pictures are dropped, since half a
group cannot be decoded.
"""

from collections import deque
from threading import Condition

from surveil_core.errors import CameraUnavailable
from surveil_core.video import AccessUnit, VideoFormat

QUEUED_S = 15
"""How long a reader may be busy without losing a picture. At 4 Mbit/s that is 7.5 MB."""

MAX_QUEUED_BYTES = 32 * 1024 * 1024
"""Wins over `QUEUED_S`, for a camera that floods."""


class UnitQueue:
    """A bounded queue of pictures with an end. Safe from any thread."""

    def __init__(self, *, capacity_units: int, max_bytes: int = MAX_QUEUED_BYTES) -> None:
        self._capacity_units = capacity_units
        self._max_bytes = max_bytes
        self._units: deque[AccessUnit] = deque()
        self._bytes = 0
        self._dropping = True
        self._begun = False
        self._dropped = 0
        self._end_reason: str | None = None
        self._changed = Condition()

    @classmethod
    def for_format(cls, video_format: VideoFormat) -> "UnitQueue":
        """Build a queue that holds `QUEUED_S` of a camera's pictures."""
        return cls(capacity_units=QUEUED_S * video_format.fps)

    @property
    def dropped_pictures(self) -> int:
        """How many found the queue full, with those of their group that came after them."""
        return self._dropped

    def put(self, unit: AccessUnit) -> None:
        """Take a picture; never blocks. None is taken before a keyframe nor after the end."""
        with self._changed:
            if self._end_reason is not None:
                return
            if unit.keyframe or not self._dropping:
                self._begun, self._dropping = True, self._is_full_with(unit)
            if self._dropping:
                self._dropped += self._begun
                return
            self._units.append(unit)
            self._bytes += len(unit.annex_b)
            self._changed.notify_all()

    def end(self, reason: str) -> None:
        """Say that no more comes, and why. The first reason stays."""
        with self._changed:
            if self._end_reason is None:
                self._end_reason = reason
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Wait until there is a picture. False after `timeout_s`.

        Raises `CameraUnavailable` with the reason once the end is reached.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._units or self._end_reason is not None, timeout_s)
            if not self._units and self._end_reason is not None:
                raise CameraUnavailable(self._end_reason)
            return bool(self._units)

    def get(self, timeout_s: float) -> AccessUnit | None:
        """Wait for the oldest picture. Otherwise as `wait`. For one reader."""
        if not self.wait(timeout_s):
            return None
        with self._changed:
            unit = self._units.popleft()
            self._bytes -= len(unit.annex_b)
            return unit

    def _is_full_with(self, unit: AccessUnit) -> bool:
        return (
            len(self._units) >= self._capacity_units
            or self._bytes + len(unit.annex_b) > self._max_bytes
        )
