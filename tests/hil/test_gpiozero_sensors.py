"""The GPIO adapter on a real kernel line."""

import os
from pathlib import Path

import pytest

from surveil_adapters.gpio.pin_factory import open_pin_factory
from surveil_core.errors import SensorUnavailable
from tests.contracts.sensors import SensorsContract, motion_on
from tests.hil.bench import Bench


class TestGpiozeroSensors(SensorsContract):
    """The contract, on real lines."""


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
