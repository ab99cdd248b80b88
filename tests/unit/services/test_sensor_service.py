"""The sensor service's contract in process, on the simulated board: no hardware in the loop."""

import json
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from attrs import define, field

from apps.edge.config import load
from surveil_adapters.console.console import snake_case
from surveil_adapters.simulation.board import SimulatedBoard
from surveil_adapters.simulation.sensors import SimulatedSensors
from surveil_core.events import SensorKind
from surveil_core.ports.sensors import SensorSpec
from surveil_core.services.journaling import EventJournal
from surveil_core.services.publishing import JournalPublisher
from surveil_core.services.sensing import SensingService
from tests.contracts.sensor_service import (
    IS_HIGH_AT_REST,
    KINDS,
    WARM_UP_S,
    SensorServiceContract,
    configuration,
)
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.broker import FakePublisher
from tests.fakes.clock import FakeClock
from tests.fakes.journal import FakeJournal

PINS = (17, 27, 22)
LONGER_THAN_ANY_DEBOUNCE_S = 1.0


@define
class InProcessBench:
    """Three sensing services on one simulated board, whose clock a test moves."""

    specs: tuple[SensorSpec, ...]
    margin_s: float = 0.0
    clock: FakeClock = field(factory=FakeClock)
    announcer: RecordingAnnouncer = field(factory=RecordingAnnouncer)
    publishers: list[FakePublisher] = field(factory=list, init=False)
    board: SimulatedBoard = field(init=False)
    services: list[SensingService] = field(factory=list, init=False)
    _heard: deque[tuple[str, bytes]] = field(factory=deque, init=False)

    def __attrs_post_init__(self) -> None:
        self.board = SimulatedBoard(sensors=self.specs, clock=self.clock)
        for spec, is_high in zip(self.specs, IS_HIGH_AT_REST, strict=True):
            self.board.drive(spec.pin, high=is_high)
            self.services.append(self._service_of(spec))
        self._step()
        self.clock.advance(WARM_UP_S)

    def rest(self) -> None:
        for kind in KINDS:
            self.set(kind, pressed=False)
        self.hears_nothing()
        self._heard.clear()

    def pin(self, kind: SensorKind) -> int:
        return self.specs[KINDS.index(kind)].pin

    def be_quick(self) -> None:
        """Time stands still meanwhile."""

    def set(self, kind: SensorKind, *, pressed: bool) -> None:
        is_high_at_rest = IS_HIGH_AT_REST[KINDS.index(kind)]
        self.board.drive(self.pin(kind), high=is_high_at_rest is not pressed)
        self._step()

    def let_pass(self, duration_s: float) -> None:
        self.clock.advance(duration_s)

    def monotonic_s(self) -> float:
        return self.clock.monotonic_s()

    def now_utc(self) -> datetime:
        return self.clock.now_utc()

    def next_message(self) -> tuple[str, dict[str, Any]]:
        assert self._heard, "no message"
        topic, payload = self._heard.popleft()
        return topic, json.loads(payload)

    def hears_nothing(self) -> bool:
        self.let_pass(LONGER_THAN_ANY_DEBOUNCE_S)
        self._step()
        return not self._heard

    def told(self, event: str) -> list[dict[str, Any]]:
        return [
            attrs.asdict(notice)
            for notice in self.announcer.notices
            if snake_case(type(notice).__name__) == event
        ]

    def _step(self) -> None:
        for service in self.services:
            service.step(0.0)
        for publisher in self.publishers:
            self._heard += publisher.published
            publisher.published.clear()

    def _service_of(self, spec: SensorSpec) -> SensingService:
        name = f"sensor-{spec.kind}"
        common = {"service": name, "announcer": self.announcer}
        timed = common | {"clock": self.clock}
        self.publishers.append(FakePublisher())
        journal = EventJournal(journal=FakeJournal(), random_unit=lambda: 0.0, **timed)
        return SensingService(
            device_id="raspberry-1",
            specs=(spec,),
            sensors=SimulatedSensors(board=self.board, sensors=(spec,), **common),
            journal=journal,
            outflow=JournalPublisher(journal=journal, publisher=self.publishers[-1], **timed),
            random_bytes=lambda count: b"\xab\xc1\x23"[:count],
            random_unit=lambda: 0.0,
            **timed,
        )


@pytest.fixture
def bench(tmp_path: Path) -> InProcessBench:
    """Give three services whose sensors are warm."""
    file = tmp_path / "edge.toml"
    file.write_text(configuration(PINS), encoding="utf-8")
    return InProcessBench(load(file, {}).sensors)


class TestSensorServiceInProcess(SensorServiceContract):
    """The contract, with simulated sensors."""


def test_a_cold_pir_is_ignored(bench: InProcessBench) -> None:
    """While it warms up it fires no event, and the log says why."""
    bench.clock.monotonic -= 1.0
    bench.set(SensorKind.MOTION, pressed=True)
    assert bench.hears_nothing()
    assert [told["verdict"].value for told in bench.told("edge_ignored")] == ["warming up"]
