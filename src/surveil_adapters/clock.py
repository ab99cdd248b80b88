"""The machine's clocks, and waiting that a request to stop cuts short."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

LONGEST_SILENCE_S = 5.0
"""A long wait is cut into pieces of this length, `on_wait` being called before each."""

_TIMEX_LONGS = 64
"""More than `struct timex` has (208 bytes, adjtimex(2))."""

_TIME_ERROR = 5
"""The clock is not synchronised."""


class SystemClock:
    """The `Clock` port. Once `stop` is set, every wait returns at once.

    `on_wait` is called on the waiting thread: who waits for a dead backend is alive.
    """

    def __init__(
        self, stop: threading.Event, *, on_wait: Callable[[], None] = lambda: None
    ) -> None:
        self._stop = stop
        self._on_wait = on_wait

    def now_utc(self) -> datetime:
        """Say the wall time."""
        return datetime.now(UTC)

    def is_set(self) -> bool:
        """Ask the kernel, which every time service tells (`adjtimex`, STA_UNSYNC)."""
        import ctypes  # here, since few ask, and it takes half a megabyte

        timex = (ctypes.c_long * _TIMEX_LONGS)()  # modes 0: only read
        state: int = ctypes.CDLL(None).adjtimex(timex)
        return 0 <= state < _TIME_ERROR

    def monotonic_s(self) -> float:
        """Say `CLOCK_MONOTONIC`, the clock that the kernel stamps GPIO edges with."""
        return time.monotonic()

    def wait_s(self, duration_s: float) -> bool:
        """Wait on the stop event; True when it is set."""
        ends_at_s = self.monotonic_s() + duration_s
        while (left_s := ends_at_s - self.monotonic_s()) > 0:
            self._on_wait()
            if self._stop.wait(min(left_s, LONGEST_SILENCE_S)):
                return True
        return self._stop.is_set()
