"""The contract's bench on real lines, with the adapter as the product builds it."""

import threading
import time
from collections.abc import Callable

from surveil_adapters.clock import SystemClock
from surveil_adapters.gpio.gpiozero_sensors import GpiozeroSensors
from surveil_core.notices import Notice
from surveil_core.ports.sensors import SensorSpec
from tests.fakes.announcer import RecordingAnnouncer
from tests.hil.lines import Lines
from tests.waiting import wait_for

TIMEOUT_S = 20.0
"""Ample for an emulated processor; an edge takes some 10 ms there."""

QUIET_S = 1.0
"""lgpio tells an edge about 1 ms after it happened; nothing says that it has told all."""


class Bench:
    """Implements `SensorsBench`."""

    timeout_s = TIMEOUT_S

    def __init__(self, lines: Lines) -> None:
        self.pins = lines.pins
        self._lines = lines
        self._announcer = RecordingAnnouncer()
        self._clock = SystemClock(threading.Event())
        self._made: list[GpiozeroSensors] = []

    @property
    def notices(self) -> list[Notice]:
        """What the adapters told."""
        return self._announcer.notices

    def make_sensors(self, *sensors: SensorSpec, queue_edges: int = 1024) -> GpiozeroSensors:
        """Build an adapter, not opened."""
        made = GpiozeroSensors(
            sensors=sensors,
            service="sensor-motion",
            clock=self._clock,
            announcer=self._announcer,
            queue_edges=queue_edges,
        )
        self._made.append(made)
        return made

    def drive(self, pin: int, *, high: bool) -> None:
        """Put a level on a line."""
        self._lines.drive(pin, high=high)

    def monotonic_s(self) -> float:
        """Say the time on the adapter's clock."""
        return self._clock.monotonic_s()

    def await_quiet(self) -> None:
        """Give lgpio time to tell what it has."""
        time.sleep(QUIET_S)

    def settle(self, is_done: Callable[[], bool]) -> None:
        """Poll `is_done` until it says yes."""
        wait_for("the bench settles", is_done, within_s=TIMEOUT_S)

    def close(self) -> None:
        """Close all adapters."""
        for sensors in self._made:
            sensors.close()
