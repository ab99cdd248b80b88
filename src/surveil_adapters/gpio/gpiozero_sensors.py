"""The `Sensors` port on real lines: gpiozero's pins, not its devices.

Why not `MotionSensor`: it polls at 10 Hz. Why not `DigitalInputDevice`: it tells a
callback neither the time of the edge nor an edge that repeats a level. A gpiozero pin
hands over both: `when_changed(ticks, level)`.

Time. The kernel stamps the edge in its interrupt handler with CLOCK_MONOTONIC (the
default of GPIO uAPI v2, which lgpio asks for); lgpio passes the nanoseconds on and
gpiozero divides them by 1e9 into `ticks`, on the same scale as its `factory.ticks()`.
`at_s` is `ticks` plus a constant, the difference of our clock and `factory.ticks()`
when the lines were claimed. So the interval between two edges is the kernel's to about
a nanosecond, whatever the load; the absolute time is off by the few microseconds
between those two readings. How late an edge is *told* is another matter: lgpio holds
it back 0.5 to 1 ms to sort the lines.

The kernel keeps 16 edges of a line that lgpio has not fetched yet and drops the oldest
beyond; lgpio fetches within 0.5 ms on an idle machine.
"""

from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, frozen

from surveil_adapters.edge_queue import DEFAULT_QUEUE_EDGES, EdgeQueue
from surveil_adapters.gpio.pin_factory import open_pin_factory
from surveil_core.errors import SensorUnavailable
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.clock import Clock
from surveil_core.ports.sensors import Edge, SensorSpec

OFFSET_READINGS = 5
_PULL_OF = {"up": "up", "down": "down", "none": "floating"}


@define(eq=False)
class _WatchedLine:
    sensor: SensorSpec
    clock_offset_s: float
    put: Callable[[Edge], None]

    def handle_change(self, ticks: float, level: int) -> None:
        """On lgpio's one thread: must return at once and must not raise."""
        active = bool(level) == self.sensor.active_high
        self.put(Edge(sensor=self.sensor, active=active, at_s=ticks + self.clock_offset_s))


@frozen
class _OpenLines:
    factory: Any
    watched: list[tuple[Any, _WatchedLine]]
    queue: EdgeQueue

    def check(self) -> None:
        """Read each line. Raises `SensorUnavailable` naming the first that is gone."""
        for pin, line in self.watched:
            try:
                _ = pin.state
            except Exception as error:  # lgpio.error derives from Exception alone
                raise SensorUnavailable(_explain_pin(line.sensor, error)) from error

    def close(self) -> None:
        """Release the lines; of a chip that has gone, what this process still holds."""
        import lgpio

        for pin, _ in self.watched:
            try:
                pin.when_changed = None
            except lgpio.error:  # it has gone: no line can be put back, and closing must not try
                self.factory.pins.clear()
        self.factory.close()


class GpiozeroSensors:
    """Watches `sensors` on `/dev/gpiochip<chip>` (None: gpiozero knows the model).

    Edges arrive on lgpio's thread and wait in a queue of `queue_edges`; what does not
    fit is counted and announced by `next_edge`. Debouncing is the service's.
    """

    def __init__(
        self,
        *,
        sensors: Sequence[SensorSpec],
        service: str,
        clock: Clock,
        announcer: Announcer,
        chip: int | None = None,
        queue_edges: int = DEFAULT_QUEUE_EDGES,
    ) -> None:
        self._sensors = tuple(sensors)
        self._service = service
        self._clock = clock
        self._announcer = announcer
        self._chip = chip
        self._queue_edges = queue_edges
        self._queue = self._new_queue()
        self._open_lines: _OpenLines | None = None

    def open(self) -> None:
        """Claim all lines or none. An open instance is closed first.

        Raises `SensorUnavailable` naming the sensor, its pin and what to do.
        """
        self.close()
        lines = _OpenLines(open_pin_factory(self._chip), [], self._new_queue())
        clock_offset_s = self._offset_s(lines.factory)
        try:
            for sensor in self._sensors:
                self._watch(lines, sensor, clock_offset_s)
        except BaseException:
            lines.close()
            raise
        self._open_lines, self._queue = lines, lines.queue

    def _offset_s(self, factory: Any) -> float:
        """Say how far our clock is ahead of the factory's, which is read just after it.

        A thread that is put aside in between sees too little: the most of some counts.
        """
        read_s = self._clock.monotonic_s
        offsets_s: list[float] = [read_s() - factory.ticks() for _ in range(OFFSET_READINGS)]
        return max(offsets_s)

    def next_edge(self, timeout_s: float) -> Edge | None:
        """Wait for an edge; None after `timeout_s`, as always once closed.

        Raises `SensorUnavailable` when no edge came and a line can no longer be read, as
        after its chip has gone: the kernel tells no waiting program.
        """
        edge = self._queue.get(timeout_s)
        if edge is None and self._open_lines is not None:
            self._open_lines.check()
        return edge

    def close(self) -> None:
        """Release the lines; edges not taken yet are dropped. Closing twice is safe."""
        lines, self._open_lines = self._open_lines, None
        self._queue = self._new_queue()
        if lines is not None:
            lines.close()

    def _watch(self, lines: _OpenLines, sensor: SensorSpec, clock_offset_s: float) -> None:
        line = _WatchedLine(sensor, clock_offset_s, lines.queue.put)
        try:
            pin = lines.factory.pin(sensor.pin)
            pin.input_with_pull(_PULL_OF[sensor.pull])
            pin.edges = "both"
            pin.when_changed = line.handle_change
            lines.watched.append((pin, line))
        except Exception as error:  # lgpio.error derives from Exception alone
            raise SensorUnavailable(_explain_pin(sensor, error)) from error

    def _new_queue(self) -> EdgeQueue:
        return EdgeQueue(
            service=self._service, announcer=self._announcer, queue_edges=self._queue_edges
        )


def _explain_pin(sensor: SensorSpec, error: Exception) -> str:
    reason = str(error).strip("'")
    advice = f"check pin {sensor.pin} in the configuration"
    if "busy" in reason:
        advice = (
            "another program or a kernel overlay holds the line (gpioinfo names it): "
            "stop it, or wire the sensor to another pin"
        )
    elif type(error).__name__ == "PinInvalidPin" or "bad GPIO number" in reason:
        advice = "this Pi has no such BCM pin, allowed are those of its header (0 to 27)"
    elif type(error).__name__ == "PinFixedPull":
        advice = "set pull = 'up', or wire the sensor to another pin"
    return f"sensor {sensor.name!r} on pin {sensor.pin} cannot be read: {reason}; {advice}"
