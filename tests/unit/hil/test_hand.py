"""Which presses must be events, by when the lines were really driven."""

from collections.abc import Sequence

import pytest

from tests.hil.campaigns.hand import Accepted, Move, Verdicts, judge_moves

PIN = 4
LOOKS_S = 0.001
"""Between the hand's look at the clock before it moves, and after."""


def press(*at_s: float) -> list[Move]:
    """Press and let go at each of these times."""
    return [
        Move(stage="", pin=PIN, high=high, before_s=begun_s, after_s=begun_s + LOOKS_S)
        for pressed_s in at_s
        for high, begun_s in ((True, pressed_s), (False, pressed_s + LOOKS_S))
    ]


def events(*at_s: float) -> list[Accepted]:
    return [Accepted(event_id=f"evt-{one:g}", pin=PIN, at_s=one) for one in at_s]


def judge(moves: Sequence[Move], came: Sequence[Accepted]) -> Verdicts:
    return judge_moves(moves, came, {PIN: 0.3})


def test_what_the_debounce_lets_through_came_and_the_rest_did_not() -> None:
    """The second press comes too soon after the first, not the third, though it is as close."""
    verdicts = judge(press(1.0, 1.2, 1.4), events(1.0005, 1.4005))
    assert verdicts.is_kept
    assert (verdicts.presses, verdicts.came, verdicts.refused) == (3, 2, 1)


def test_a_press_that_did_not_come_is_missing_once() -> None:
    """What follows it is judged by what came before, as the sensor service does."""
    verdicts = judge(press(1.0, 1.4, 1.6), events(1.0005, 1.6005))
    assert not verdicts.is_kept
    assert verdicts.missing == ("pin 4 at 1.400",)
    assert verdicts.came == 2


def test_a_press_that_came_too_soon_is_named() -> None:
    """The debounce should have refused it."""
    verdicts = judge(press(1.0, 1.2), events(1.0005, 1.2005))
    assert not verdicts.is_kept
    assert verdicts.too_soon == ("pin 4 at 1.200",)


@pytest.mark.parametrize("came", [[1.0005], [1.0005, 1.3003]])
def test_both_are_right_where_the_debounce_ends_between_the_looks(came: list[float]) -> None:
    """The edge is somewhere between the hand's two looks at the clock."""
    verdicts = judge(press(1.0, 1.2995), events(*came))
    assert verdicts.is_kept
    assert (verdicts.either, verdicts.either_came) == (1, len(came) - 1)


def test_an_event_that_nobody_pressed_is_named() -> None:
    """Neither one at another time, nor one of a line that is not played, nor a second of one."""
    strays = [*events(1.0004, 5.0), Accepted(event_id="other", pin=9, at_s=1.0)]
    verdicts = judge(press(1.0), [*events(1.0005), *strays])
    assert not verdicts.is_kept
    assert set(verdicts.of_no_press) == {"evt-1.0004", "evt-5", "other"}


def test_a_level_that_is_there_already_is_no_press() -> None:
    """A trace may say twice that a sensor is on."""
    moves = [move for move in press(1.0, 2.0) if move.high]
    assert judge(moves, events(1.0005)).presses == 1


def test_nothing_pressed_proves_nothing() -> None:
    """An hour without presses is no hour that was kept."""
    assert not judge([], []).is_kept
