"""A header of 28 pins that exists in memory only, with lines as a kernel has them.

One board serves all sensor services of a process, so a script, a trace or the control
socket has one place to press. As on a Pi: a line is claimed once, a level that does not
change makes no edge, what happens while nobody watches is gone, and a line that is
active when it is claimed makes no edge either.
"""

import threading
from collections.abc import Callable, Sequence

from attrs import define, field

from surveil_core.errors import ConfigurationError, SensorUnavailable
from surveil_core.ports.clock import Clock
from surveil_core.ports.sensors import Edge, SensorSpec

HEADER_PINS = range(28)
"""BCM numbers on the 40-pin header."""

_LEVEL_BY_PULL = {"up": True, "down": False, "none": False}


@define
class _Line:
    high: bool | None = None
    sensor: SensorSpec | None = None
    put: Callable[[Edge], None] | None = field(default=None, repr=False)


class SimulatedBoard:
    """The lines of `sensors`. Every method may be called from any thread.

    Raises `ConfigurationError` when two sensors have the same name, since names are how
    one is pressed.
    """

    def __init__(self, *, sensors: Sequence[SensorSpec], clock: Clock) -> None:
        self._sensors = {sensor.name: sensor for sensor in sensors}
        if len(self._sensors) < len(sensors):
            names = ", ".join(repr(sensor.name) for sensor in sensors)
            raise ConfigurationError(
                f"two simulated sensors share a name among {names}; give each its own"
            )
        self._clock = clock
        self._lines: dict[int, _Line] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """The sensors' names, as configured."""
        return tuple(self._sensors)

    def find(self, word: str) -> SensorSpec:
        """Find a sensor by its name, or the first one of a kind (`motion`, ...).

        Raises `SensorUnavailable` listing the names there are.
        """
        if word in self._sensors:
            return self._sensors[word]
        for sensor in self._sensors.values():
            if sensor.kind == word:
                return sensor
        known = ", ".join(repr(name) for name in self._sensors) or "none"
        raise SensorUnavailable(
            f"no simulated sensor is called {word!r:.60}; there are {known}, "
            "and a kind (motion, button, pressure) names the first of its kind"
        )

    def is_watched(self, sensor: SensorSpec) -> bool:
        """Whether a sensor service of this process has claimed the sensor's line."""
        with self._lock:
            line = self._lines.get(sensor.pin)
            return line is not None and line.sensor is not None

    def press(self, word: str) -> None:
        """Make a sensor active and inactive again at once."""
        self.set(word, active=True)
        self.set(word, active=False)

    def set(self, word: str, *, active: bool, at_s: float | None = None) -> None:
        """Make a sensor active or not, at monotonic `at_s` (None: now)."""
        sensor = self.find(word)
        self.drive(sensor.pin, high=active == sensor.active_high, at_s=at_s)

    def drive(self, pin: int, *, high: bool, at_s: float | None = None) -> None:
        """Put a level on a line, as a wire would, at monotonic `at_s` (None: now)."""
        with self._lock:
            line = self._lines.setdefault(pin, _Line())
            is_edge = line.high is not high
            line.high = high
            if is_edge and line.sensor is not None and line.put is not None:
                line.put(
                    Edge(
                        sensor=line.sensor,
                        active=high == line.sensor.active_high,
                        at_s=self._clock.monotonic_s() if at_s is None else at_s,
                    )
                )

    def claim(self, sensor: SensorSpec, put: Callable[[Edge], None]) -> None:
        """Hand the edges of a sensor's line to `put`, which must return at once.

        Raises `SensorUnavailable` when the line is claimed or the header has none.
        """
        with self._lock:
            line = self._lines.setdefault(sensor.pin, _Line())
            if sensor.pin not in HEADER_PINS:
                raise SensorUnavailable(
                    f"sensor {sensor.name!r} on pin {sensor.pin} cannot be simulated: the header "
                    f"has no such BCM pin, allowed are 0 to {HEADER_PINS[-1]}"
                )
            if line.sensor is not None:
                raise SensorUnavailable(
                    f"sensor {sensor.name!r} on pin {sensor.pin} cannot be simulated: GPIO busy, "
                    f"held by sensor {line.sensor.name!r}; give each sensor its own pin"
                )
            if line.high is None:
                line.high = _LEVEL_BY_PULL[sensor.pull]
            line.sensor, line.put = sensor, put

    def release(self, sensor: SensorSpec) -> None:
        """Stop watching a sensor's line; its level stays as it is."""
        with self._lock:
            line = self._lines[sensor.pin]
            line.sensor = line.put = None
