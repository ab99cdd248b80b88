"""Where pictures lie on our clock: laws for any delays, and the figures behind them."""

import math
import random
from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil_core.source_clock import (
    EARLY_SLEW,
    LATE_SLEW,
    MAX_EARLY_S,
    MAX_LATE_S,
    PlacedPicture,
    place_picture,
)

STEP_S = 1 / 15
STAMPS = st.one_of(st.none(), st.floats(-1e9, 1e9, allow_nan=False))


def times_of(pictures: Iterable[tuple[float | None, float]]) -> list[float]:
    """Place pictures that are given by stamp and arrival."""
    last: PlacedPicture | None = None
    times = []
    for stamp_s, arrived_at_s in pictures:
        last = place_picture(last, stamp_s=stamp_s, arrived_at_s=arrived_at_s)
        times.append(last.at_s)
    return times


def steps_of(times: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


@given(st.lists(st.tuples(STAMPS, st.floats(0, 1)), max_size=60))
def test_whatever_comes_times_never_go_back_nor_far_from_the_arrival(
    pictures: list[tuple[float | None, float]],
) -> None:
    """Stamps that jump, stand, go back or are absent."""
    arrival_s, arrivals = 1000.0, []
    for _, pause_s in pictures:
        arrival_s += pause_s
        arrivals.append(arrival_s)
    times = times_of((stamp_s, at_s) for (stamp_s, _), at_s in zip(pictures, arrivals, strict=True))
    assert times == sorted(times)
    assert all(
        at_s - MAX_LATE_S - 0.01 <= time_s <= at_s + MAX_EARLY_S + 0.01
        for time_s, at_s in zip(times, arrivals, strict=True)
    )


@given(st.lists(st.floats(0, MAX_EARLY_S - 1e-6), min_size=2, max_size=200), st.floats(-1e6, 1e6))
def test_steps_are_the_sources_whatever_delays_a_picture_has(
    delays_s: list[float], zero_s: float
) -> None:
    """A network's jitter and an encoder's bursts do not show."""
    pictures = [
        (zero_s + number * STEP_S, 1000 + number * STEP_S + delay_s)
        for number, delay_s in enumerate(delays_s)
    ]
    for step_s in steps_of(times_of(pictures)):
        assert (1 - EARLY_SLEW) * STEP_S - 1e-6 <= step_s <= (1 + LATE_SLEW) * STEP_S + 1e-6


def test_pictures_that_come_in_a_burst_each_second_lie_where_they_were_taken() -> None:
    """The last of a burst comes at once, and so tells the delay of all others."""
    pictures = [
        (taken_s, 1000 + math.ceil(taken_s)) for taken_s in (n / 15 for n in range(15 * 60))
    ]
    times = times_of(pictures)
    assert times[0] == 1000
    errors_s = [
        time_s - 1000 - stamp_s for time_s, (stamp_s, _) in zip(times, pictures, strict=True)
    ]
    assert max(map(abs, errors_s[15 * 20 :])) < STEP_S


def test_a_first_picture_that_waited_for_the_encoder_is_made_good_within_seconds() -> None:
    """What comes after it comes sooner; the times follow without a jump."""
    pictures = [(n * STEP_S, 1000 + n * STEP_S + (0.4 if n < 6 else 0.02)) for n in range(15 * 20)]
    times = times_of(pictures)
    assert times[-1] - 1000 - pictures[-1][0] == pytest.approx(0.02, abs=0.001)


@pytest.mark.parametrize("drift", [100e-6, -100e-6])
def test_a_clock_that_drifts_is_followed_for_days(drift: float) -> None:
    """A camera's quartz against ours: 100 ppm are nine seconds a day."""
    rate, jitter = 2.0, random.Random(1)
    pictures = [
        (n / rate * (1 + drift), n / rate + jitter.random() * 0.05)
        for n in range(int(2 * 86400 * rate))
    ]
    errors_s = [time_s - n / rate for n, time_s in enumerate(times_of(pictures)) if n > 60 * rate]
    assert min(errors_s) >= -0.005
    assert max(errors_s) <= 0.06


@pytest.mark.parametrize(("pace", "error_s"), [(0.5, 2.1), (0.8, 1.2), (0.99, 0.6)])
def test_a_clock_that_runs_slow_leaves_the_moments_before_an_event_in_its_pre_roll(
    pace: float, error_s: float
) -> None:
    """A camera that stamps 25 pictures a second and sends 12: a pre-roll is 3 s."""
    pictures = [(n / 12 * pace, 1000 + n / 12) for n in range(12 * 120)]
    errors_s = [1000 + n / 12 - time_s for n, time_s in enumerate(times_of(pictures))]
    assert max(errors_s) < error_s


def test_a_network_that_holds_pictures_back_is_no_slow_clock() -> None:
    """Now and then for two seconds, which it makes good as fast again as they were taken."""
    pictures = [
        (n * STEP_S, 1000 + n * STEP_S + max(0.0, 2 - n % 150 * STEP_S)) for n in range(15 * 60)
    ]
    for step_s in steps_of(times_of(pictures)[150:]):
        assert step_s == pytest.approx(STEP_S, rel=EARLY_SLEW)


@pytest.mark.parametrize("jump_s", [-3600.0, -0.01, 2.0, 86400.0])
def test_a_clock_that_jumps_is_believed_from_there_on(jump_s: float) -> None:
    """A network camera that was told the time; pictures come on as before."""
    stamps = [n * STEP_S + (jump_s if n >= 30 else 0) for n in range(60)]
    pictures = [(stamp_s, 1000 + n * STEP_S) for n, stamp_s in enumerate(stamps)]
    for n, time_s in enumerate(times_of(pictures)):
        assert time_s == pytest.approx(1000 + n * STEP_S, abs=0.02)


def test_after_a_pause_of_the_source_times_go_on_with_the_clock() -> None:
    """A program that was stopped for longer than a delay can be."""
    pictures = [(n * STEP_S, 1000 + n * STEP_S + (10 if n >= 30 else 0)) for n in range(60)]
    times = times_of(pictures)
    assert times[30] - times[29] == pytest.approx(10 + STEP_S)
    assert steps_of(times)[31:] == pytest.approx([STEP_S] * 28)


def test_without_stamps_a_picture_is_taken_when_it_comes() -> None:
    """So do programs that give none, and what comes between two stamps."""
    assert times_of([(None, 5.0), (None, 5.1), (3.0, 5.4), (3.1, 5.5)]) == [5.0, 5.1, 5.4, 5.5]


def test_a_monotonic_stamp_is_the_pictures_time_from_the_first_on() -> None:
    """Also of pictures that lay in the driver until their program was ready for them."""
    last, times = None, []
    for number in range(20):
        taken_at_s = 1000 + number * STEP_S
        last = place_picture(
            last,
            stamp_s=taken_at_s,
            arrived_at_s=max(1000.9, taken_at_s + 0.03),
            stamp_is_monotonic=True,
        )
        times.append(last.at_s)
    assert times == [1000 + number * STEP_S for number in range(20)]


@pytest.mark.parametrize("off_s", [-3600.0, 1.0, 1e9])
def test_a_stamp_of_another_clock_is_worth_its_steps(off_s: float) -> None:
    """A driver that stamps by the wall clock, or by its own, says it is monotonic all the same."""
    last, times = None, []
    for number, delay_s in enumerate((0.1, 0.3, 0.0, 0.2)):
        taken_at_s = 1000 + number * STEP_S
        last = place_picture(
            last,
            stamp_s=taken_at_s + off_s,
            arrived_at_s=taken_at_s + delay_s,
            stamp_is_monotonic=True,
        )
        times.append(last.at_s)
    for step_s in steps_of(times):
        assert (1 - EARLY_SLEW) * STEP_S - 1e-6 <= step_s <= (1 + LATE_SLEW) * STEP_S + 1e-6
