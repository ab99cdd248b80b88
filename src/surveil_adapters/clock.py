"""The machine's clocks, and waiting that a request to stop cuts short."""

import threading
import time
from datetime import UTC, datetime


class SystemClock:
    """The `Clock` port. Once `stop` is set, every wait returns at once."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def now_utc(self) -> datetime:
        """Say the wall time."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Say `CLOCK_MONOTONIC`, the clock that the kernel stamps GPIO edges with."""
        return time.monotonic()

    def wait_s(self, duration_s: float) -> bool:
        """Wait on the stop event; True when it is set."""
        return self._stop.wait(duration_s)
