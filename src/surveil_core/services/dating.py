"""When something happened, by the wall clock, though it was stamped by the monotonic one.

The two clocks cannot be read at once. A thread that is put aside between the readings, as on a
busy machine, would date an event wrong by that time, so the closest of some pairs counts.
"""

from datetime import datetime, timedelta

from surveil_core.ports.clock import Clock

PAIRS = 3


def utc_of(at_s: float, clock: Clock) -> datetime:
    """Say what the wall clock showed at monotonic `at_s`; what is to come happens now."""
    pairs = [(clock.monotonic_s(), clock.now_utc(), clock.monotonic_s()) for _ in range(PAIRS)]
    before_s, now_utc, _ = min(pairs, key=lambda pair: pair[2] - pair[0])
    return now_utc - timedelta(seconds=max(0.0, before_s - at_s))
