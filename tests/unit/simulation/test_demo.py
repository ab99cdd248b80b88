"""The demonstration's schedule."""

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from surveil_adapters.simulation.demo import MIN_PAUSE_S, demo_steps
from surveil_core.events import SensorKind
from tests.contracts.sensors import motion_on

SENSORS = [
    motion_on(17, name="pir"),
    motion_on(27, kind=SensorKind.BUTTON, name="button"),
    motion_on(22, kind=SensorKind.PRESSURE, name="mat"),
]


@given(st.integers())
def test_a_motion_comes_within_ten_seconds(seed: int) -> None:
    """Whoever starts the demonstration sees something soon."""
    first = next(demo_steps(SENSORS, random.Random(seed).random))
    assert (first.sensor_name, first.active) == ("pir", True)
    assert first.offset_s < 10


@given(st.integers())
def test_events_are_calm_and_every_sensor_takes_part(seed: int) -> None:
    """Steps never go back, activations keep their distance, and none is left out."""
    steps = list(itertools.islice(demo_steps(SENSORS, random.Random(seed).random), 200))
    offsets_s = [step.offset_s for step in steps]
    assert offsets_s == sorted(offsets_s)
    starts_s = [step.offset_s for step in steps if step.active]
    assert all(b - a >= MIN_PAUSE_S for a, b in itertools.pairwise(starts_s))
    assert {step.sensor_name for step in steps} == {"pir", "button", "mat"}


def test_what_is_pressed_is_released() -> None:
    """Steps come in pairs."""
    steps = list(itertools.islice(demo_steps(SENSORS, random.Random(1).random), 20))
    assert all(
        a.sensor_name == b.sensor_name and a.active and not b.active
        for a, b in zip(steps[::2], steps[1::2], strict=True)
    )


def test_the_same_chance_gives_the_same_schedule() -> None:
    """A seeded demonstration can be repeated."""
    one, two = (demo_steps(SENSORS, random.Random(7).random) for _ in range(2))
    assert list(itertools.islice(one, 50)) == list(itertools.islice(two, 50))


def test_without_sensors_nothing_happens() -> None:
    """A configuration without sensors ends the schedule at once."""
    assert list(demo_steps([], random.Random(1).random)) == []
