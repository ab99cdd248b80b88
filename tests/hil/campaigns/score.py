"""An hour of a recorded home, cut out of its trace, for a hand to play on real lines."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import evolve, frozen

from surveil_adapters.simulation.trace import Trace, read_trace
from surveil_core.events import SensorKind
from surveil_core.ports.sensors import SensorSpec

HOUR_S = 3600.0
MIN_INTERVAL_S = 1.5
"""Of every sensor, before time is compressed. The trace is in whole seconds: with the spec's 2 s
one press in 30 comes at the debounce's very end, and nobody can say what is right."""

FIRST_PIN = 4
"""Those below have resistors of their own on a Pi, so no pull can be chosen for them."""


@frozen(kw_only=True)
class Score:
    """`steps` are seconds from the start, pin and level; `sensors` are those of the trace.

    The last step comes before `lasts_s`.
    """

    lasts_s: float
    sensors: tuple[SensorSpec, ...]
    steps: tuple[tuple[float, int, bool], ...]

    @property
    def configuration(self) -> str:
        """Write the sensors as the edge's configuration has them (TOML)."""
        return "".join(
            f"[[sensors]]\nkind = '{sensor.kind}'\nname = '{sensor.name}'\npin = {sensor.pin}\n"
            f"pull = 'down'\nmin_interval_s = {sensor.min_interval_s}\n"
            for sensor in self.sensors
        )

    @property
    def intervals_s(self) -> Mapping[int, float]:
        """Say the debounce of each line."""
        return {sensor.pin: sensor.min_interval_s for sensor in self.sensors}

    def pin_of(self, *, motion: bool) -> int:
        """Name the pin of the first sensor that films, or of the first that does not.

        Raises `ValueError` when the trace has none.
        """
        for sensor in self.sensors:
            if (sensor.kind is SensorKind.MOTION) is motion:
                return sensor.pin
        raise ValueError(f"the trace has no sensor with{'' if motion else 'out'} motion")


def busiest_hour(file: Path, *, speed: float) -> Score:
    """Cut out the hour with most motion, `speed` times faster, the debounce likewise."""
    trace = read_trace(file)
    hour = _hour_with_most_motion(trace)
    sensors = tuple(
        evolve(sensor, pin=sensor.pin + FIRST_PIN)
        for sensor in trace.sensor_specs(min_interval_s=MIN_INTERVAL_S / speed)
    )
    pins = {sensor.name: sensor.pin for sensor in sensors}
    steps = tuple(
        ((step.offset_s - hour * HOUR_S) / speed, pins[step.sensor_name], step.active)
        for step in trace.steps
        if int(step.offset_s // HOUR_S) == hour
    )
    return Score(lasts_s=HOUR_S / speed, sensors=sensors, steps=steps)


def _hour_with_most_motion(trace: Trace) -> int:
    hours: Sequence[int] = [
        int(step.offset_s // HOUR_S)
        for step in trace.steps
        if step.active and trace.kind_by_sensor[step.sensor_name] is SensorKind.MOTION
    ]
    if not hours:
        raise ValueError("the trace has no motion")
    return Counter(hours).most_common(1)[0][0]
