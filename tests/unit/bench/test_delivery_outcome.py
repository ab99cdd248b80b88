"""What became of the events of a measurement."""

from bench.delivery.load import PROBE, event_id, number_of
from bench.delivery.mode import Record
from bench.delivery.outcome import judge


def _record(number: int, *, arrived_s: float, device_id: str = "a", is_new: bool = True) -> Record:
    return (arrived_s, device_id, event_id(number), float(number), is_new)


def test_all_that_arrived_once_and_in_order_is_whole() -> None:
    """Two events, half a second late each."""
    outcome = judge(2, [_record(0, arrived_s=0.5), _record(1, arrived_s=1.5)])
    assert (outcome.lost, outcome.twice, outcome.disordered) == (0, 0, 0)
    assert (outcome.p50_ms, outcome.p99_ms, outcome.lag_s) == (500, 500, 0.5)


def test_what_never_arrived_is_lost() -> None:
    """One of three."""
    assert judge(3, [_record(0, arrived_s=1), _record(2, arrived_s=3)]).lost == 1


def test_a_repeat_is_counted_and_changes_nothing_else() -> None:
    """The first event comes three times."""
    records = [_record(0, arrived_s=1)] + [_record(0, arrived_s=9, is_new=False)] * 2
    outcome = judge(1, records)
    assert (outcome.lost, outcome.twice, outcome.repeats, outcome.p99_ms) == (0, 1, 2, 1000)


def test_order_is_judged_per_device() -> None:
    """Devices may overtake each other; events of one device may not."""
    crossed = [_record(1, arrived_s=2, device_id="b"), _record(0, arrived_s=3, device_id="a")]
    assert judge(2, crossed).disordered == 0
    assert judge(2, [_record(1, arrived_s=2), _record(0, arrived_s=3)]).disordered == 1


def test_probes_are_not_counted() -> None:
    """They only show that a bridge is ready."""
    assert judge(1, [_record(7, arrived_s=1, device_id=PROBE)]).lost == 1


def test_nothing_at_all_is_judged_too() -> None:
    """A bridge that lost everything has a row like any other."""
    outcome = judge(5, [])
    assert (outcome.lost, outcome.rate_per_s, outcome.lag_s) == (5, 0.0, 0.0)


def test_an_id_carries_its_number() -> None:
    """Six hexadecimal digits, as sensors have them."""
    assert number_of(event_id(99_999)) == 99_999
