"""One device's queue to the backend: in order, one run out at a time, with its own patience.

A device whose oldest event keeps failing while others get through waits longer and longer
and holds up nobody else.
"""

from attrs import evolve, frozen

from surveil_core.backoff import Backoff
from surveil_core.circuit import pause_after

FIRST_TIMEOUT_S = 10.0
MAX_TIMEOUT_S = 120.0
"""A backend that needs a minute for its answer is waited for, after shorter attempts."""


@frozen(kw_only=True)
class Lane:
    """Failures in a row, when the next attempt may be, and how long it may take."""

    failures: int = 0
    retry_at_s: float = float("-inf")
    timeout_s: float = FIRST_TIMEOUT_S

    def is_due(self, *, at_s: float) -> bool:
        """Say whether an attempt may be made now."""
        return at_s >= self.retry_at_s


def lane_after_failure(
    backoff: Backoff,
    lane: Lane,
    *,
    at_s: float,
    chance: float,
    retry_after_s: float | None,
    timed_out: bool,
) -> Lane:
    """Wait longer, and after a silence allow a longer one the next time."""
    failures = lane.failures + 1
    timeout_s = min(lane.timeout_s * 2, MAX_TIMEOUT_S) if timed_out else lane.timeout_s
    return Lane(
        failures=failures,
        retry_at_s=at_s + pause_after(backoff, failures, chance, retry_after_s),
        timeout_s=timeout_s,
    )


def lane_after_success(lane: Lane) -> Lane:
    """Forget the failures. The patience that a slow backend needed goes by and by."""
    return Lane(timeout_s=max(lane.timeout_s / 2, FIRST_TIMEOUT_S))


def lane_after_outage(lane: Lane) -> Lane:
    """End the pause: it was the backend that was away, for all devices."""
    return evolve(lane, retry_at_s=float("-inf"))
