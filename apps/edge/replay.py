"""A recorded trace in place of the configured sensors (`gpio.trace`).

Played `gpio.trace_speed` times faster; debouncing shrinks by the same factor, so what
counted in the recording counts in the replay.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from apps.edge.config import EdgeSettings
from apps.edge.loops import Step
from surveil_adapters.simulation.board import SimulatedBoard
from surveil_adapters.simulation.player import compress, play
from surveil_adapters.simulation.trace import read_trace
from surveil_core.errors import ConfigurationError
from surveil_core.ports.clock import Clock

LEAD_IN_S = 3.0
"""What the sensor services get to claim their lines before the first edge."""

MIN_INTERVAL_S = 2.0


def with_recorded_sensors(settings: EdgeSettings) -> EdgeSettings:
    """Take the sensors from the trace, if one is set.

    Raises `ConfigurationError` when the trace cannot be read, or the lines are real.
    """
    gpio = settings.gpio
    if gpio.trace is None:
        return settings
    if gpio.backend != "simulated":
        raise ConfigurationError(
            f"gpio.trace is {gpio.trace}, but gpio.backend is {gpio.backend!r}: "
            "real lines cannot be played; set gpio.backend = 'simulated'"
        )
    sensors = read_trace(gpio.trace).sensor_specs(min_interval_s=MIN_INTERVAL_S)
    return attrs.evolve(
        settings, sensors=tuple(compress(sensor, gpio.trace_speed) for sensor in sensors)
    )


@contextmanager
def replaying(settings: EdgeSettings, board: SimulatedBoard, clock: Clock) -> Iterator[Step]:
    """Play the trace once, then do nothing more."""
    gpio = settings.gpio
    steps = read_trace(gpio.trace).steps if gpio.trace else ()
    pending = [steps]

    def step(timeout_s: float) -> None:
        if pending:
            play(
                pending.pop(),
                board=board,
                clock=clock,
                start_s=clock.monotonic_s() + LEAD_IN_S,
                factor=gpio.trace_speed,
            )
        clock.wait_s(timeout_s)

    yield step
