"""The real sensor process on real kernel lines, with a real Mosquitto."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import frozen

from surveil_core.events import SensorKind
from tests.contracts.sensor_service import (
    IS_HIGH_AT_REST,
    KINDS,
    MIN_INTERVAL_S,
    WARM_UP_S,
    SensorServiceContract,
    configuration,
)
from tests.hil.edge import await_notices, edge_process, notices
from tests.hil.lines import Lines
from tests.hil.listener import Listener
from tests.rig.brokers import Address
from tests.rig.programs import Program

MARGIN_S = 0.05
"""Within which the hand, a Python program, puts an edge where it wants it."""


QUIET_S = 2 * MIN_INTERVAL_S


@frozen
class Service:
    """The running process, and what it made of the motion that came while it was cold."""

    running: Program
    warm_up_verdicts: list[str]
    messages_in_warm_up: bool


@frozen
class RigBench:
    """Implements `SensorServiceBench`."""

    service: Service
    lines: Lines
    listener: Listener
    rig: str
    margin_s: float = MARGIN_S

    def rest(self) -> None:
        for kind, _ in zip(KINDS, self.lines.pins, strict=False):
            self.set(kind, pressed=False)
        while not self.hears_nothing():
            pass

    def pin(self, kind: SensorKind) -> int:
        index = KINDS.index(kind)
        if index >= len(self.lines.pins):
            pytest.skip(f"{len(self.lines.pins)} lines only; wire {index + 1} jumpers")
        return self.lines.pins[index]

    def be_quick(self) -> None:
        if self.rig == "virtual-jumper":
            pytest.skip("software carries the levels on this rig's wires, too slowly for that")

    def set(self, kind: SensorKind, *, pressed: bool) -> None:
        at_rest = IS_HIGH_AT_REST[KINDS.index(kind)]
        self.lines.drive(self.pin(kind), high=at_rest is not pressed)

    def let_pass(self, duration_s: float) -> None:
        time.sleep(max(0.0, duration_s))

    def monotonic_s(self) -> float:
        return time.monotonic()

    def now_utc(self) -> datetime:
        return datetime.now(UTC)

    def next_message(self) -> tuple[str, dict[str, Any]]:
        return self.listener.next()

    def hears_nothing(self) -> bool:
        return self.listener.hears_nothing(QUIET_S)

    def told(self, event: str) -> list[dict[str, Any]]:
        return notices(self.service.running, event)


@pytest.fixture(scope="module")
def service(
    lines: Lines, broker: Address, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """One process for the module, since its start takes half a minute on the virtual Pi.

    The motion sensor is pressed once at its very beginning, then left to warm up.
    """
    sensors = len(list(zip(KINDS, lines.pins, strict=False)))
    for is_high, pin in zip(IS_HIGH_AT_REST, lines.pins, strict=False):
        lines.drive(pin, high=is_high)
    with (
        closing(Listener(broker)) as listener,
        edge_process(
            "sensor",
            sensors=configuration(lines.pins),
            broker=broker,
            folder=tmp_path_factory.mktemp("sensors"),
            awaits={"sensor_ready": sensors},
        ) as running,
    ):
        ready_s = time.monotonic()
        lines.drive(lines.pins[0], high=True)
        lines.drive(lines.pins[0], high=False)
        ignored = await_notices(running, "edge_ignored")
        await_notices(running, "broker_connected", sensors)
        is_quiet = listener.hears_nothing()
        time.sleep(max(0.0, ready_s + WARM_UP_S - time.monotonic()))
        yield Service(running, [told["verdict"] for told in ignored], not is_quiet)


@pytest.fixture
def bench(
    request: pytest.FixtureRequest, service: Service, lines: Lines, listener: Listener
) -> Iterator[RigBench]:
    """All sensors at rest, and quiet for longer than any debounce, when a test is over."""
    bench = RigBench(service, lines, listener, rig=request.config.getoption("--rig"))
    yield bench
    bench.rest()


class TestSensorServiceOnTheRig(SensorServiceContract):
    """The contract, on real lines."""


def test_a_cold_pir_is_ignored_and_a_warm_one_is_not(bench: RigBench) -> None:
    """What it sees while it warms up is told in the log and is no message."""
    assert bench.service.warm_up_verdicts == ["warming up"]
    assert not bench.service.messages_in_warm_up
    bench.set(SensorKind.MOTION, pressed=True)
    assert bench.next_message()[0] == "sensor/motion"


def test_the_pulls_of_the_configuration_hold_the_lines(bench: RigBench) -> None:
    """The button's pull-up is the default; the mat was told otherwise."""
    assert bench.lines.is_high_undriven(bench.pin(SensorKind.BUTTON))
    assert not bench.lines.is_high_undriven(bench.pin(SensorKind.PRESSURE))
