"""Plays steps into a simulated board, at the recorded pace or faster.

Time compression. With a factor of 60, an hour of steps lasts a minute. Debouncing and
warm-up count real seconds, so they must shrink by the same factor, or what was 2 s
apart in the recording would be 33 ms apart and be refused. The composition therefore
builds the board and its services from `compress(sensor, factor)`.

Every edge is stamped with the time it should have (`start_s + offset_s / factor`), not
with the time at which the player got round to it, so the verdicts do not depend on the
load of the machine. With a power of two as factor and a whole `start_s`, a trace of
whole seconds keeps its intervals exactly, in floating point too.
"""

from collections.abc import Iterable

from attrs import evolve, field, frozen, validators

from surveil_adapters.simulation.board import SimulatedBoard
from surveil_core.ports.clock import Clock
from surveil_core.ports.sensors import SensorSpec


@frozen(kw_only=True)
class Step:
    """A sensor becomes active or not, `offset_s` after the start."""

    offset_s: float = field(validator=validators.ge(0))
    sensor_name: str
    active: bool


def compress(sensor: SensorSpec, factor: float) -> SensorSpec:
    """Shrink a sensor's times to match steps played `factor` times faster."""
    return evolve(
        sensor,
        min_interval_s=sensor.min_interval_s / factor,
        warm_up_s=sensor.warm_up_s / factor,
    )


def play(
    steps: Iterable[Step],
    *,
    board: SimulatedBoard,
    clock: Clock,
    start_s: float | None = None,
    factor: float = 1.0,
) -> bool:
    """Play `steps`, in order, from monotonic `start_s` (None: now) on.

    Blocks until the last step. False when the program was asked to stop before that.
    """
    start_s = clock.monotonic_s() if start_s is None else start_s
    for step in steps:
        at_s = start_s + step.offset_s / factor
        if clock.wait_s(max(0.0, at_s - clock.monotonic_s())):
            return False
        board.set(step.sensor_name, active=step.active, at_s=at_s)
    return True
