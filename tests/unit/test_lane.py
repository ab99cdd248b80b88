"""How long one device waits for the backend."""

from surveil_core.backoff import Backoff
from surveil_core.lane import (
    MAX_TIMEOUT_S,
    Lane,
    lane_after_failure,
    lane_after_outage,
    lane_after_success,
)


def failed(lane: Lane, *, timed_out: bool = False, retry_after_s: float | None = None) -> Lane:
    """Fail at 100 s, with the longest pause that chance gives."""
    return lane_after_failure(
        Backoff(), lane, at_s=100.0, chance=0.0, retry_after_s=retry_after_s, timed_out=timed_out
    )


def test_new_lane_is_due() -> None:
    """Nothing holds up a device that has not failed."""
    assert Lane().is_due(at_s=0.0)


def test_failures_make_it_wait_longer() -> None:
    """0.5 s, then 1 s, or what the backend asks for."""
    once = failed(Lane())
    assert (once.is_due(at_s=100.4), once.is_due(at_s=100.5)) == (False, True)
    assert failed(once).retry_at_s == 101.0
    assert failed(once, retry_after_s=9.0).retry_at_s == 109.0


def test_silence_makes_it_more_patient() -> None:
    """A backend that needs 30 s is given 40 s after two silences, 120 s at most."""
    lane = failed(failed(Lane(), timed_out=True), timed_out=True)
    assert lane.timeout_s == 40.0
    for _ in range(5):
        lane = failed(lane, timed_out=True)
    assert lane.timeout_s == MAX_TIMEOUT_S
    assert failed(Lane()).timeout_s == 10.0


def test_success_ends_the_pause_and_keeps_the_patience() -> None:
    """What the slow backend needed it may need again, but half of it will do next time."""
    lane = failed(failed(Lane(), timed_out=True), timed_out=True)
    assert lane.timeout_s == 40.0
    lane = lane_after_success(lane)
    assert (lane.failures, lane.is_due(at_s=0.0), lane.timeout_s) == (0, True, 20.0)
    assert lane_after_success(lane) == Lane()


def test_end_of_an_outage_ends_the_pause_and_keeps_the_count() -> None:
    """A device whose own event fails goes on with longer and longer pauses."""
    lane = lane_after_outage(failed(failed(Lane())))
    assert (lane.failures, lane.is_due(at_s=0.0)) == (2, True)
