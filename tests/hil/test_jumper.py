"""The jumper rig's own code, its outputs being lines of gpio-sim, joined by software.

What drives is lgpio on the kernel's character device, as on a Pi; what carries the level to
the sensor's line is this test's stand-in for the wire.
"""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.contracts.sensors import SensorsContract, motion_on
from tests.hil.bench import Bench
from tests.hil.lines import JumperLines, Lines, WireMissing, gpio_sim_wire
from tests.hil.wires import SIMULATED_WIRES


@pytest.fixture
def jumper(request: pytest.FixtureRequest) -> Iterator[JumperLines]:
    """Three simulated wires."""
    if request.config.getoption("--rig", None) != "virtual":
        pytest.skip("the whole suite runs on this rig's wires")
    with closing(JumperLines(SIMULATED_WIRES, gpio_sim_wire)) as jumper:
        yield jumper


@pytest.fixture
def bench(jumper: JumperLines) -> Iterator[Bench]:
    """The contract's bench, whose hand is lgpio."""
    with closing(Bench(jumper)) as bench:
        for pin in bench.pins:
            bench.drive(pin, high=False)
        yield bench


class TestSensorsByJumper(SensorsContract):
    """The contract, driven as on a Pi."""


def test_a_pull_is_read_through_the_wire(jumper: JumperLines, bench: Bench) -> None:
    """Once the output is an input, the sensor's own pull decides."""
    pin = bench.pins[0]
    bench.make_sensors(motion_on(pin, pull="up", active_high=False)).open()
    assert jumper.is_high_undriven(pin)


def test_a_missing_wire_is_named(request: pytest.FixtureRequest, lines: Lines) -> None:
    """Nothing carries the level: the text names both pins, and they are free afterwards."""
    if request.config.getoption("--rig", None) != "virtual":
        pytest.skip("the pins are in use")
    lines.drive(SIMULATED_WIRES[0].sensor_pin, high=False)
    for _ in range(2):
        with pytest.raises(WireMissing, match="GPIO 23 was made HIGH and GPIO 17 did not follow"):
            JumperLines(SIMULATED_WIRES)
