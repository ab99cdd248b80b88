"""Time, and waiting for it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Both clocks of the machine. Safe from any thread.

    Durations use `monotonic_s`: a Pi has no battery clock, so `now_utc` may jump.
    """

    def now_utc(self) -> datetime:
        """Say the wall time, `tzinfo` being `datetime.UTC`."""

    def is_set(self) -> bool:
        """Whether a time server stands behind `now_utc`, so that it can be believed."""

    def monotonic_s(self) -> float:
        """Say seconds since an arbitrary start, never going back."""

    def wait_s(self, duration_s: float) -> bool:
        """Let time pass. Returns early with True when the program is asked to stop."""
