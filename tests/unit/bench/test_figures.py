"""Percentiles of durations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import percentile, summarise

DURATIONS = st.lists(st.floats(0, 60), min_size=1, max_size=300)


def test_a_hundred_durations_have_the_percentiles_one_expects() -> None:
    """Of 1 to 100 ms in any order, p50 is 50 ms and p99 is 99 ms."""
    figures = summarise([n / 1000 for n in reversed(range(1, 101))])

    assert figures.count == 100
    assert figures.p50_ms == pytest.approx(50)
    assert figures.p90_ms == pytest.approx(90)
    assert figures.p99_ms == pytest.approx(99)
    assert figures.max_ms == pytest.approx(100)


def test_few_durations_have_their_longest_as_p99() -> None:
    """With less than a hundred durations nothing is interpolated away."""
    assert summarise([0.001, 0.030]).p99_ms == pytest.approx(30)


@given(DURATIONS, st.integers(1, 100))
def test_a_percentile_is_a_value_that_enough_others_do_not_exceed(
    durations_s: list[float], percent: int
) -> None:
    """At least `percent` of the values are no greater, and no smaller value has that."""
    ordered = sorted(durations_s)
    chosen = percentile(ordered, percent)

    assert chosen in ordered
    assert sum(value <= chosen for value in ordered) * 100 >= percent * len(ordered)
    assert sum(value < chosen for value in ordered) * 100 < percent * len(ordered)


@given(DURATIONS)
def test_percentiles_grow(durations_s: list[float]) -> None:
    """p50, p90, p99 and the maximum come in this order."""
    figures = summarise(durations_s)

    assert figures.p50_ms <= figures.p90_ms <= figures.p99_ms <= figures.max_ms


def test_nothing_has_no_percentile() -> None:
    """A measurement without samples is refused instead of reported as zero."""
    with pytest.raises(ValueError, match="no values"):
        summarise([])


@pytest.mark.parametrize("percent", [0, 101])
def test_a_percentage_is_from_1_to_100(percent: int) -> None:
    """Other percentages are refused, naming the bounds."""
    with pytest.raises(ValueError, match=f"percent is {percent}, expected 1 to 100"):
        percentile([1.0], percent)
