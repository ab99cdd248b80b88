"""Laws of what a clip lacks."""

import tracemalloc
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil_core.video import GAP_S, MIN_STEPS, SLOWEST_STEP_S, missing_s

FPS = 10
STEPS = st.lists(st.integers(1, 8_000).map(lambda ms: ms / 1000), max_size=30)


def stamps_of(steps_s: list[float]) -> list[float]:
    stamps_s = [100.0]
    for step_s in steps_s:
        stamps_s.append(stamps_s[-1] + step_s)
    return stamps_s


@given(STEPS, st.floats(0, 20))
def test_what_is_missing_lies_between_the_first_picture_and_the_end(
    steps_s: list[float], more_s: float
) -> None:
    """It is never more than all, and what is not missing has pictures close to it."""
    stamps_s = stamps_of(steps_s)
    until_s = stamps_s[-1] + more_s
    lacking_s = missing_s(stamps_s, until_s=until_s, fps=FPS)
    assert 0 <= lacking_s <= until_s - stamps_s[0]
    filmed_s = until_s - stamps_s[0] - lacking_s
    assert filmed_s <= len(stamps_s) * 3 * SLOWEST_STEP_S + 1e-6


@given(st.lists(st.integers(1, 8_000).map(lambda ms: ms / 1000), max_size=MIN_STEPS - 1))
def test_a_few_pictures_tell_no_rate(steps_s: list[float]) -> None:
    """Then what was asked for is the measure: a clip that is mostly gaps says so."""
    gaps_s = [step_s - 1 / FPS for step_s in steps_s if step_s > GAP_S]
    lacking_s = missing_s(stamps_of(steps_s), until_s=None, fps=FPS)
    assert lacking_s == pytest.approx(sum(gaps_s), abs=1e-6)


@given(st.lists(st.integers(1, 499).map(lambda ms: ms / 1000), max_size=30))
def test_a_camera_that_is_only_slow_misses_nothing(steps_s: list[float]) -> None:
    """Up to half a second between pictures is a rate, not a gap."""
    stamps_s = stamps_of(steps_s)
    assert missing_s(stamps_s, until_s=stamps_s[-1] + 0.4, fps=FPS) == 0


@st.composite
def clips_with_gaps(draw: st.DrawFn) -> tuple[float, list[float], list[float]]:
    """Draw a camera's step, the gaps, and all steps of a clip of which most are the camera's."""
    own_s = draw(st.integers(10, 1_000)) / 1000
    narrowest_gap_s = max(GAP_S, 3 * max(own_s, 1 / FPS)) * 1.1
    gaps_s = draw(st.lists(st.floats(narrowest_gap_s, 60), max_size=10))
    ordinary = draw(st.integers(len(gaps_s) + MIN_STEPS, 40))
    return own_s, gaps_s, draw(st.permutations([*gaps_s, *[own_s] * ordinary]))


@given(clips_with_gaps())
def test_each_gap_counts_but_for_the_picture_it_begins_with(
    clip: tuple[float, list[float], list[float]],
) -> None:
    """Gaps add up, and what lies behind the last picture counts only if it was to be filmed.

    A step is the camera's own, where it gives fewer pictures than it was asked for.
    """
    own_s, gaps_s, steps_s = clip
    step_s = max(own_s, 1 / FPS)
    stamps_s = stamps_of(steps_s)
    wanted_s = sum(gaps_s) - len(gaps_s) * step_s
    lacking_s = missing_s(stamps_s, until_s=None, fps=FPS)
    assert lacking_s == pytest.approx(wanted_s, abs=1e-6)
    lacking_s = missing_s(stamps_s, until_s=stamps_s[-1] + 20, fps=FPS)
    assert lacking_s == pytest.approx(wanted_s + 20 - step_s, abs=1e-6)


@given(st.lists(st.integers(700, 1_300).map(lambda ms: ms / 1000), min_size=MIN_STEPS, max_size=30))
def test_a_camera_of_one_picture_a_second_misses_nothing(steps_s: list[float]) -> None:
    """Its own settings say so, whatever was asked for; its steps need not be even."""
    stamps_s = stamps_of(steps_s)
    assert missing_s(stamps_s, until_s=stamps_s[-1] + 1, fps=15) == 0


def test_a_camera_that_gives_a_picture_in_five_seconds_is_not_that_slow() -> None:
    """A picture a second is the least that counts as filmed, however regular the gaps are."""
    assert missing_s(range(0, 51, 5), until_s=50, fps=15) == 40


def test_half_an_hour_takes_little_memory() -> None:
    """The stamps are there, and are not copied."""
    stamps_s = array("d", (100 + number / 15 for number in range(27_000)))
    tracemalloc.start()
    try:
        assert missing_s(stamps_s, until_s=stamps_s[-1] + 2, fps=15) == pytest.approx(2 - 1 / 15)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 100_000


def test_a_camera_of_one_picture_in_two_seconds_has_no_gaps() -> None:
    """What was asked for is not missing."""
    assert missing_s([0, 2, 4, 6], until_s=6, fps=1) == 0
    assert missing_s([0, 2, 9], until_s=9, fps=1) == 6
