"""What happens in a demonstration: a motion soon, then now and then something calm.

Pure: the same `chance` gives the same schedule. Offsets count from the moment at which
the sensors are watched.
"""

from collections.abc import Callable, Iterator, Sequence

from surveil_adapters.simulation.player import Step
from surveil_core.events import SensorKind
from surveil_core.ports.sensors import SensorSpec

FIRST_AT_S = 3.0
"""The first motion; a visitor of the page is to see one within 10 s of the start."""

MIN_PAUSE_S = 20.0
MAX_PAUSE_S = 40.0
"""Between two events, so that a clip of 10 s ends before the next begins."""

HELD_S_BY_KIND = {SensorKind.MOTION: 1.5, SensorKind.BUTTON: 0.2, SensorKind.PRESSURE: 0.8}
"""How long a line stays active: a PIR's shortest hold, a finger, a foot."""


def demo_steps(sensors: Sequence[SensorSpec], chance: Callable[[], float]) -> Iterator[Step]:
    """Yield steps without end; `chance` is random in 0..1. Nothing without sensors.

    Motion comes first and then every other time, the other sensors in between.
    """
    motions = [sensor for sensor in sensors if sensor.kind is SensorKind.MOTION]
    others = [sensor for sensor in sensors if sensor.kind is not SensorKind.MOTION]
    pools = [pool for pool in (motions, others) if pool]
    offset_s = FIRST_AT_S
    while pools:
        for pool in pools:
            sensor = _pick(pool, chance())
            yield Step(offset_s=offset_s, sensor_name=sensor.name, active=True)
            released_s = offset_s + HELD_S_BY_KIND[sensor.kind]
            yield Step(offset_s=released_s, sensor_name=sensor.name, active=False)
            offset_s += MIN_PAUSE_S + (MAX_PAUSE_S - MIN_PAUSE_S) * chance()


def _pick(sensors: Sequence[SensorSpec], chance: float) -> SensorSpec:
    return sensors[min(int(chance * len(sensors)), len(sensors) - 1)]
