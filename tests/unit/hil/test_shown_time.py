"""Binding a camera's burnt-in clock to ours by the light."""

import pytest

from tests.hil.light import Switch
from tests.hil.shown_time import TICK_S, ShownPicture, Take, Unbound, began_between_s

BEGAN_S, STEP_S = 1000.0, 0.1
SWITCHES = [
    Switch(at_s, at_s + 0.001, is_dark=number % 2 == 0)
    for number, at_s in enumerate((1003.03, 1003.46, 1003.99, 1004.31))
]


def shown(seconds: float, *, began_s: float = BEGAN_S) -> list[ShownPicture]:
    """Film the switches for so long, ten times a second."""
    clocks_s = [number * STEP_S for number in range(round(seconds / STEP_S))]
    return [
        ShownPicture(at_s=clock_s, clock_s=clock_s, is_dark=is_dark_at(began_s + clock_s))
        for clock_s in clocks_s
    ]


def is_dark_at(at_s: float) -> bool:
    """Say whether the light was off."""
    return sum(switch.after_s <= at_s for switch in SWITCHES) % 2 == 1


def test_the_clocks_beginning_is_bound_from_both_sides() -> None:
    """Four switches at four places between two pictures leave less than a picture's step."""
    earliest_s, latest_s = began_between_s(shown(6), SWITCHES)
    assert earliest_s < BEGAN_S < latest_s
    assert latest_s - earliest_s < STEP_S / 2 + 2 * TICK_S


def test_pictures_that_are_missing_do_not_mislead() -> None:
    """A machine that stood still over one of the switches leaves it unseen."""
    pictures = [picture for picture in shown(6) if not 3.4 < picture.clock_s < 4.2]
    earliest_s, latest_s = began_between_s(pictures, SWITCHES)
    assert earliest_s < BEGAN_S < latest_s


def test_a_light_that_was_never_switched_is_refused() -> None:
    """What shows all phases in another order is of another clip."""
    reverse = [
        ShownPicture(picture.at_s, picture.clock_s, is_dark=not picture.is_dark)
        for picture in shown(6)
    ]
    with pytest.raises(Unbound, match="light"):
        began_between_s(reverse, SWITCHES)


def test_each_picture_says_how_late_the_clip_shows_it() -> None:
    """A clip that says it began later than it did shows all later by that."""
    take = Take(shown(1), (BEGAN_S, BEGAN_S))
    assert take.unsure_s == 0
    assert take.late_s(BEGAN_S + 0.25) == pytest.approx([0.25] * 10)
