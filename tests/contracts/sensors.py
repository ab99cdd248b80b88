"""What every `Sensors` adapter must do, on a simulated board and on real pins alike.

A bench gives the adapter lines to watch and the hand that drives them. A subclass
provides the fixture `bench`; tests that need a second line skip where the bench has one.
"""

from collections.abc import Callable
from typing import Protocol

import pytest
from attrs import evolve

from surveil_core.errors import SensorUnavailable
from surveil_core.events import PinState, SensorKind
from surveil_core.notices import EdgesLost, Notice
from surveil_core.ports.sensors import Edge, Sensors, SensorSpec


class SensorsBench(Protocol):
    """Lines that can be driven and watched. `timeout_s` is ample for an edge to arrive."""

    pins: tuple[int, ...]
    timeout_s: float
    notices: list[Notice]

    def make_sensors(self, *sensors: SensorSpec, queue_edges: int = 1024) -> Sensors:
        """Build an adapter, not opened; the bench closes it in the end."""

    def drive(self, pin: int, *, high: bool) -> None:
        """Put a level on a line."""

    def monotonic_s(self) -> float:
        """Say the time on the clock that the adapter was given."""

    def await_quiet(self) -> None:
        """Return once all that was driven has reached the adapters."""

    def settle(self, is_done: Callable[[], bool]) -> None:
        """Ask `is_done` until it says yes; fail after `timeout_s`."""


def motion_on(pin: int, **fields: object) -> SensorSpec:
    """A PIR on `pin`, as the spec has it, with `fields` replaced."""
    return evolve(SensorSpec(kind=SensorKind.MOTION, name=f"PIR {pin}", pin=pin), **fields)


class SensorsContract:
    """The suite. `bench.pins[0]` starts low."""

    def test_a_rising_edge_is_told_with_its_sensor_level_and_time(
        self, bench: SensorsBench
    ) -> None:
        """A rising edge comes out active and HIGH, stamped while the line was driven."""
        sensor = motion_on(bench.pins[0])
        sensors = self._opened(bench, sensor)
        before_s = bench.monotonic_s()
        bench.drive(sensor.pin, high=True)
        after_s = bench.monotonic_s()
        edge = self._next(bench, sensors)
        assert (edge.sensor, edge.active, edge.state) == (sensor, True, PinState.HIGH)
        assert before_s - 0.001 <= edge.at_s <= after_s + 0.5

    def test_a_falling_edge_is_told_as_inactive(self, bench: SensorsBench) -> None:
        """After the rise comes the fall, inactive and LOW, in this order and later."""
        sensor = motion_on(bench.pins[0])
        sensors = self._opened(bench, sensor)
        bench.drive(sensor.pin, high=True)
        bench.drive(sensor.pin, high=False)
        rise, fall = self._next(bench, sensors), self._next(bench, sensors)
        assert [rise.active, fall.active] == [True, False]
        assert fall.state is PinState.LOW
        assert rise.at_s <= fall.at_s

    def test_a_button_to_ground_fires_on_the_falling_edge(self, bench: SensorsBench) -> None:
        """With a pull-up and active_high off, pressing means LOW."""
        pin = bench.pins[0]
        bench.drive(pin, high=True)
        sensor = motion_on(pin, kind=SensorKind.BUTTON, pull="up", active_high=False)
        sensors = self._opened(bench, sensor)
        bench.drive(pin, high=False)
        press = self._next(bench, sensors)
        bench.drive(pin, high=True)
        release = self._next(bench, sensors)
        assert (press.active, press.state) == (True, PinState.LOW)
        assert (release.active, release.state) == (False, PinState.HIGH)

    def test_a_level_held_since_before_is_no_edge(self, bench: SensorsBench) -> None:
        """What was active before the lines were claimed did not happen now."""
        sensor = motion_on(bench.pins[0], pull="none")
        bench.drive(sensor.pin, high=True)
        sensors = self._opened(bench, sensor)
        assert sensors.next_edge(0) is None
        bench.drive(sensor.pin, high=False)
        assert self._next(bench, sensors).active is False

    def test_a_burst_arrives_whole_and_in_order(self, bench: SensorsBench) -> None:
        """Ten toggles that nobody reads meanwhile are ten edges, alternating, in time order."""
        sensor = motion_on(bench.pins[0])
        sensors = self._opened(bench, sensor)
        for high in [True, False] * 5:
            bench.drive(sensor.pin, high=high)
        edges = [self._next(bench, sensors) for _ in range(10)]
        assert [edge.active for edge in edges] == [True, False] * 5
        times = [edge.at_s for edge in edges]
        assert times == sorted(times)

    def test_a_full_queue_counts_what_it_loses_and_says_so(self, bench: SensorsBench) -> None:
        """With room for four, the first four of ten edges stay and six are announced as lost."""
        sensor = motion_on(bench.pins[0])
        sensors = self._opened(bench, sensor, queue_edges=4)
        for high in [True, False] * 5:
            bench.drive(sensor.pin, high=high)
        kept: list[Edge] = []

        def have_told_of_all() -> bool:
            edge = sensors.next_edge(0)
            if edge is not None:
                kept.append(edge)
            lost = sum(n.lost_edges for n in bench.notices if isinstance(n, EdgesLost))
            return len(kept) + lost == 10

        bench.await_quiet()
        bench.settle(have_told_of_all)
        assert [edge.active for edge in kept] == [True, False, True, False]

    def test_no_edge_is_none(self, bench: SensorsBench) -> None:
        """Nothing happens, so there is nothing to tell."""
        sensors = self._opened(bench, motion_on(bench.pins[0]))
        assert sensors.next_edge(0) is None

    def test_closing_drops_what_waits_and_may_be_repeated(self, bench: SensorsBench) -> None:
        """After close no edge comes any more, old or new."""
        sensor = motion_on(bench.pins[0])
        sensors = self._opened(bench, sensor)
        bench.drive(sensor.pin, high=True)
        sensors.close()
        sensors.close()
        bench.drive(sensor.pin, high=False)
        assert sensors.next_edge(0) is None

    def test_it_opens_again_after_closing(self, bench: SensorsBench) -> None:
        """A supervised service closes, and opens anew."""
        sensor = motion_on(bench.pins[0])
        sensors = self._opened(bench, sensor)
        sensors.close()
        sensors.open()
        bench.drive(sensor.pin, high=True)
        assert self._next(bench, sensors).active is True

    def test_a_busy_pin_is_named_and_its_holder_unharmed(self, bench: SensorsBench) -> None:
        """The second claim is refused with sensor, pin and reason; the first goes on."""
        sensor = motion_on(bench.pins[0])
        holder = self._opened(bench, sensor)
        late = bench.make_sensors(evolve(sensor, name="Tapis Entrée"))
        with pytest.raises(
            SensorUnavailable, match=rf"'Tapis Entrée' on pin {sensor.pin} .*GPIO busy"
        ):
            late.open()
        bench.drive(sensor.pin, high=True)
        assert self._next(bench, holder).active is True

    def test_a_pin_outside_the_header_is_refused(self, bench: SensorsBench) -> None:
        """The text says what is allowed."""
        sensors = bench.make_sensors(motion_on(57))
        with pytest.raises(SensorUnavailable, match=r"'PIR 57' on pin 57 .*0 .*27"):
            sensors.open()

    def test_a_failed_open_keeps_no_line(self, bench: SensorsBench) -> None:
        """When the second of two sensors cannot be had, the first is free for others."""
        good = motion_on(bench.pins[0])
        with pytest.raises(SensorUnavailable):
            bench.make_sensors(good, motion_on(57)).open()
        sensors = self._opened(bench, good)
        bench.drive(good.pin, high=True)
        assert self._next(bench, sensors).active is True

    def test_two_lines_share_one_queue_in_time_order(self, bench: SensorsBench) -> None:
        """Edges of two sensors come in the order in which they happened."""
        first, second = self._two_sensors(bench)
        sensors = self._opened(bench, first, second)
        for pin, high in [
            (first.pin, True),
            (second.pin, True),
            (first.pin, False),
            (second.pin, False),
        ]:
            bench.drive(pin, high=high)
        edges = [self._next(bench, sensors) for _ in range(4)]
        assert [edge.sensor for edge in edges] == [first, second, first, second]

    def test_closing_one_leaves_another_alone(self, bench: SensorsBench) -> None:
        """Services of one process have their own sensors; one restarts, the other works on."""
        first, second = self._two_sensors(bench)
        closing, staying = self._opened(bench, first), self._opened(bench, second)
        closing.close()
        bench.drive(second.pin, high=True)
        assert self._next(bench, staying).sensor == second

    def _opened(
        self, bench: SensorsBench, *sensors: SensorSpec, queue_edges: int = 1024
    ) -> Sensors:
        adapter = bench.make_sensors(*sensors, queue_edges=queue_edges)
        adapter.open()
        return adapter

    def _next(self, bench: SensorsBench, sensors: Sensors) -> Edge:
        edge = sensors.next_edge(bench.timeout_s)
        assert edge is not None, f"no edge within {bench.timeout_s} s"
        return edge

    def _two_sensors(self, bench: SensorsBench) -> tuple[SensorSpec, SensorSpec]:
        if len(bench.pins) < 2:
            pytest.skip("this bench can drive one line only; wire a second jumper")
        return motion_on(bench.pins[0]), motion_on(bench.pins[1])
