"""The simulated sensors obey the port's contract."""

from collections.abc import Callable, Iterator

import pytest
from attrs import define, field

from surveil_adapters.simulation.board import SimulatedBoard
from surveil_adapters.simulation.sensors import SimulatedSensors
from surveil_core.errors import ConfigurationError, SensorUnavailable
from surveil_core.events import SensorKind
from surveil_core.notices import Notice
from surveil_core.ports.sensors import SensorSpec
from tests.contracts.sensors import SensorsContract, motion_on
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.clock import FakeClock


@define
class SimulatedBench:
    """A board in memory: what is driven has arrived at once."""

    pins: tuple[int, ...] = (17, 27)
    timeout_s: float = 0
    announcer: RecordingAnnouncer = field(factory=RecordingAnnouncer)
    clock: FakeClock = field(factory=FakeClock)
    board: SimulatedBoard = field(init=False)
    made: list[SimulatedSensors] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.board = SimulatedBoard(sensors=(), clock=self.clock)

    @property
    def notices(self) -> list[Notice]:
        return self.announcer.notices

    def make_sensors(self, *sensors: SensorSpec, queue_edges: int = 1024) -> SimulatedSensors:
        self.made.append(
            SimulatedSensors(
                board=self.board,
                sensors=sensors,
                service="sensor-motion",
                announcer=self.announcer,
                queue_edges=queue_edges,
            )
        )
        return self.made[-1]

    def drive(self, pin: int, *, high: bool) -> None:
        self.board.drive(pin, high=high)

    def monotonic_s(self) -> float:
        return self.clock.monotonic_s()

    def await_quiet(self) -> None:
        pass

    def settle(self, is_done: Callable[[], bool]) -> None:
        assert any(is_done() for _ in range(100))


@pytest.fixture
def bench() -> Iterator[SimulatedBench]:
    """Lines in memory, released afterwards."""
    bench = SimulatedBench()
    yield bench
    for sensors in bench.made:
        sensors.close()


class TestSimulatedSensors(SensorsContract):
    """The contract, on a board in memory."""


BUTTON = motion_on(27, kind=SensorKind.BUTTON, name="Bouton", pull="up", active_high=False)


@pytest.fixture
def board() -> SimulatedBoard:
    """A board in memory."""
    return SimulatedBoard(sensors=[motion_on(17, name="PIR Entrée"), BUTTON], clock=FakeClock())


def test_a_press_is_an_activation_and_a_release(board: SimulatedBoard) -> None:
    """`press` gives two edges, whatever the polarity."""
    edges = []
    board.claim(BUTTON, edges.append)
    board.press("Bouton")
    assert [(edge.active, edge.state) for edge in edges] == [(True, "LOW"), (False, "HIGH")]


def test_a_kind_names_its_first_sensor(board: SimulatedBoard) -> None:
    """`press motion` needs no name."""
    assert board.find("motion").name == "PIR Entrée"


def test_an_unknown_name_lists_the_known_ones(board: SimulatedBoard) -> None:
    """A typing error is answered with what there is."""
    with pytest.raises(SensorUnavailable, match=r"'PIR Cave'.*'PIR Entrée', 'Bouton'"):
        board.press("PIR Cave")


def test_what_nobody_watches_is_gone(board: SimulatedBoard) -> None:
    """A press before the line is claimed leaves no edge behind."""
    edges = []
    board.press("Bouton")
    board.claim(BUTTON, edges.append)
    assert edges == []


def test_a_repeated_level_is_no_edge(board: SimulatedBoard) -> None:
    """Holding what is held already changes nothing."""
    edges = []
    board.claim(BUTTON, edges.append)
    board.set("Bouton", active=True)
    board.set("Bouton", active=True)
    assert len(edges) == 1


def test_an_edge_may_carry_its_own_time(board: SimulatedBoard) -> None:
    """A player stamps edges with the time they should have."""
    edges = []
    board.claim(BUTTON, edges.append)
    board.set("Bouton", active=True, at_s=12.5)
    assert edges[0].at_s == 12.5


def test_two_sensors_of_one_name_are_refused() -> None:
    """Names are how a simulated sensor is pressed, so they must differ."""
    with pytest.raises(ConfigurationError, match="share a name among 'PIR', 'PIR'"):
        SimulatedBoard(
            sensors=[motion_on(1, name="PIR"), motion_on(2, name="PIR")], clock=FakeClock()
        )
