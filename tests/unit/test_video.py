"""Laws of what a clip lacks."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from surveil_core.video import GAP_S, missing_s

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
    assert filmed_s <= (len(stamps_s)) * max(GAP_S, 3 / FPS) + 1e-6


@given(st.lists(st.integers(1, 499).map(lambda ms: ms / 1000), max_size=30))
def test_a_camera_that_is_only_slow_misses_nothing(steps_s: list[float]) -> None:
    """Up to half a second between pictures is a rate, not a gap."""
    stamps_s = stamps_of(steps_s)
    assert missing_s(stamps_s, until_s=stamps_s[-1] + 0.4, fps=FPS) == 0


@given(STEPS)
def test_each_gap_counts_but_for_the_picture_it_begins_with(steps_s: list[float]) -> None:
    """Gaps add up, and what lies behind the last picture counts only if it was to be filmed."""
    stamps_s = stamps_of(steps_s)
    gaps_s = [b - a - 1 / FPS for a, b in pairwise(stamps_s) if b - a > GAP_S]
    assert missing_s(stamps_s, until_s=None, fps=FPS) == sum(gaps_s)


def test_a_camera_of_one_picture_in_two_seconds_has_no_gaps() -> None:
    """What was asked for is not missing."""
    assert missing_s([0, 2, 4, 6], until_s=6, fps=1) == 0
    assert missing_s([0, 2, 9], until_s=9, fps=1) == 6
