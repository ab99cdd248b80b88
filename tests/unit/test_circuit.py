"""When a failing backend is left alone, and how it is probed."""

import pytest

from surveil_core.circuit import (
    MAX_RETRY_AFTER_S,
    Circuit,
    CircuitPolicy,
    Permission,
    after_failure,
    after_sending,
    after_success,
)

POLICY = CircuitPolicy()


def failed(
    circuit: Circuit,
    *,
    at_s: float = 0.0,
    answered: bool = True,
    retry_after_s: float | None = None,
) -> Circuit:
    """Count one failure, with the longest pause that chance gives."""
    return after_failure(
        POLICY, circuit, at_s=at_s, chance=0.0, answered=answered, retry_after_s=retry_after_s
    )


def test_closed_circuit_lets_all_through() -> None:
    """Nothing has failed yet."""
    assert Circuit().permission(at_s=0.0, has_failed=True) is Permission.ALL


def test_two_bad_answers_do_not_open_it() -> None:
    """One event that makes the backend fail must not hold up the others."""
    circuit = failed(failed(Circuit()))
    assert circuit.permission(at_s=0.0, has_failed=True) is Permission.ALL


def test_third_bad_answer_in_a_row_opens_it() -> None:
    """Then the backend is left alone, and one probe goes out."""
    circuit = failed(failed(failed(Circuit())))
    assert circuit.permission(at_s=1.9, has_failed=True) is Permission.NOTHING
    assert circuit.permission(at_s=2.0, has_failed=True) is Permission.ONE_PROBE


def test_no_answer_opens_it_at_once() -> None:
    """A backend that is not there is not there for any device."""
    circuit = failed(Circuit(), answered=False)
    assert circuit.permission(at_s=0.4, has_failed=True) is Permission.NOTHING
    assert circuit.permission(at_s=0.5, has_failed=True) is Permission.ONE_PROBE


def test_retry_after_opens_it_for_as_long_as_asked() -> None:
    """The backend named a time, for all of us."""
    circuit = failed(Circuit(), retry_after_s=7.0)
    assert circuit.permission(at_s=6.9, has_failed=True) is Permission.NOTHING
    assert circuit.permission(at_s=7.0, has_failed=True) is Permission.ONE_PROBE


def test_retry_after_is_bounded() -> None:
    """A mistaken year becomes an hour."""
    circuit = failed(Circuit(), retry_after_s=365 * 86_400.0)
    assert circuit.permission(at_s=MAX_RETRY_AFTER_S, has_failed=True) is Permission.ONE_PROBE


def test_one_probe_at_a_time() -> None:
    """While the probe is out nothing else goes."""
    circuit = after_sending(failed(Circuit(), answered=False))
    assert circuit.permission(at_s=100.0, has_failed=True) is Permission.NOTHING


def test_pauses_grow_with_each_failed_probe() -> None:
    """0.5, 1, 2 ... 30 s."""
    circuit, at_s, pauses = Circuit(), 0.0, []
    for _ in range(8):
        circuit = failed(after_sending(circuit), at_s=at_s, answered=False)
        assert circuit.open_until_s is not None
        pauses.append(circuit.open_until_s - at_s)
        at_s = circuit.open_until_s
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_runs_that_were_out_already_tell_nothing_new() -> None:
    """Sixteen devices that fail at once are one failure."""
    circuit = failed(Circuit(), answered=False)
    for _ in range(15):
        circuit = failed(circuit, at_s=0.1, answered=False)
    assert (circuit.failures, circuit.open_until_s) == (1, 0.5)


@pytest.mark.parametrize("circuit", [Circuit(failures=2), Circuit(failures=9, open_until_s=1e9)])
def test_success_closes_it(circuit: Circuit) -> None:
    """An event that got through shows that the backend is there."""
    assert after_success(circuit) == Circuit()


def test_device_that_has_not_failed_may_probe_at_once() -> None:
    """It may well get through where another's event makes the backend fail."""
    circuit = failed(Circuit(), answered=False)
    assert circuit.permission(at_s=0.0, has_failed=False) is Permission.ONE_PROBE
    assert after_sending(circuit).permission(at_s=0.0, has_failed=False) is Permission.NOTHING


def test_time_that_the_backend_named_holds_for_all() -> None:
    """It asked to be left alone."""
    circuit = failed(Circuit(), retry_after_s=7.0)
    assert circuit.permission(at_s=6.9, has_failed=False) is Permission.NOTHING
