"""The GPIO adapter on a machine without lgpio; with it, see `tests/hil`."""

import importlib.util
import os
import threading
from pathlib import Path

import pytest

from surveil_adapters.clock import SystemClock
from surveil_adapters.gpio.gpiozero_sensors import GpiozeroSensors
from surveil_core.errors import SensorUnavailable
from tests.contracts.sensors import motion_on
from tests.fakes.announcer import RecordingAnnouncer

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("lgpio") is not None,
    reason="lgpio is installed here, so nothing is missing",
)


@pytest.fixture
def sensors() -> GpiozeroSensors:
    """The adapter, not opened."""
    return GpiozeroSensors(
        sensors=[motion_on(17)],
        service="sensor-motion",
        clock=SystemClock(threading.Event()),
        announcer=RecordingAnnouncer(),
    )


def test_without_lgpio_it_says_what_to_install(sensors: GpiozeroSensors) -> None:
    """The text names the extra for a Pi and the way out elsewhere."""
    with pytest.raises(SensorUnavailable, match=r"'lgpio'.*pip install 'surveil\[pi\]'.*simulate"):
        sensors.open()


def test_a_failed_import_leaves_the_process_as_it_was(sensors: GpiozeroSensors) -> None:
    """Neither the working directory nor the environment changes."""
    before = Path.cwd(), dict(os.environ)
    with pytest.raises(SensorUnavailable):
        sensors.open()
    assert (Path.cwd(), dict(os.environ)) == before


def test_what_never_opened_has_no_edges_and_closes(sensors: GpiozeroSensors) -> None:
    """A supervisor may close what failed to open, twice."""
    sensors.close()
    sensors.close()
    assert sensors.next_edge(0) is None
