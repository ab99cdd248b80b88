"""Laws of the backoff: grows, is capped, never zero, and jitter only shortens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil_core.backoff import Backoff

CHANCES = st.floats(min_value=0, max_value=1)


@given(failures=st.integers(min_value=0, max_value=10**9), chance=CHANCES)
def test_delay_stays_within_its_bounds(failures: int, chance: float) -> None:
    """However many failures, the wait lies between half of `first_s` and `max_s`."""
    assert 0.25 <= Backoff().delay_s(failures, chance) <= 30.0


@given(failures=st.integers(min_value=1, max_value=100), chance=CHANCES)
def test_delay_never_shrinks_with_failures(failures: int, chance: float) -> None:
    """One more failure never means a shorter wait."""
    backoff = Backoff()
    assert backoff.delay_s(failures, chance) <= backoff.delay_s(failures + 1, chance)


def test_delays_without_jitter_double_up_to_the_cap() -> None:
    """0.5 s, then twice as long each time, up to 30 s."""
    delays_s = [Backoff().delay_s(failures, 0.0) for failures in range(1, 9)]
    assert delays_s == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_jitter_halves_at_most() -> None:
    """The jitter of the default shortens a wait by up to a half."""
    assert Backoff().delay_s(1, 1.0) == 0.25
    assert Backoff(jitter=0).delay_s(1, 1.0) == 0.5


@pytest.mark.parametrize(
    "wrong", [{"first_s": 0}, {"max_s": 0}, {"factor": 0.5}, {"jitter": -0.1}, {"jitter": 1.1}]
)
def test_settings_out_of_bounds_are_refused(wrong: dict[str, float]) -> None:
    """No setting can lead to a wait of nothing or of less."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Backoff(**wrong)
