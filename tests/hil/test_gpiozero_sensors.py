"""The GPIO adapter on a real kernel line."""

import os
from pathlib import Path

import pytest

from surveil_adapters.gpio.pin_factory import open_pin_factory
from surveil_core.errors import SensorUnavailable
from tests.contracts.sensors import SensorsContract, motion_on
from tests.hil.bench import Bench
from tests.hil.lines import Lines, interrupts_at


class TestGpiozeroSensors(SensorsContract):
    """The contract, on real lines."""


@pytest.mark.parametrize("pull", ["up", "down"])
def test_the_pull_holds_a_line_that_nothing_drives(pull: str, bench: Bench, lines: Lines) -> None:
    """Whatever was there before, the kernel biases the line as the configuration says."""
    pin = bench.pins[0]
    bench.drive(pin, high=pull == "down")
    bench.make_sensors(motion_on(pin, pull=pull)).open()
    assert lines.is_high_undriven(pin) is (pull == "up")


def test_each_edge_comes_by_an_interrupt(bench: Bench) -> None:
    """The kernel counts one interrupt of this line for each edge that is told: nobody polls."""
    sensor = motion_on(bench.pins[0])
    sensors = bench.make_sensors(sensor)
    sensors.open()
    before = interrupts_at(sensor.pin)
    for high in [True, False] * 3:
        bench.drive(sensor.pin, high=high)
    edges = [sensors.next_edge(bench.timeout_s) for _ in range(6)]
    assert [edge.active for edge in edges if edge is not None] == [True, False] * 3
    assert interrupts_at(sensor.pin) - before == 6


def test_opening_leaves_no_trace_in_the_working_directory(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lgpio's pipes and its change of directory stay out of sight."""
    monkeypatch.chdir(tmp_path)
    environment = dict(os.environ)
    sensors = bench.make_sensors(motion_on(bench.pins[0]))
    sensors.open()
    assert Path.cwd() == tmp_path
    assert list(tmp_path.iterdir()) == []
    assert dict(os.environ) == environment


def test_a_chip_that_is_not_there_is_named() -> None:
    """The text names the device file and what a container needs."""
    with pytest.raises(SensorUnavailable, match=r"/dev/gpiochip9 does not exist.*--device"):
        open_pin_factory(9)
