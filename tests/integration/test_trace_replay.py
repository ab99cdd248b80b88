"""A recorded home replayed through the real chain, and counted twice.

simulated sensors -> sensing -> paho -> Mosquitto -> paho -> surveillance -> SQLite. Days
last a fraction of a second: the edges carry their scaled times, so that debouncing
judges the recording and not this machine's scheduler.
"""

import itertools
import math
import sqlite3
import sys
import threading
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from attrs import define

from surveil_adapters.clock import SystemClock
from surveil_adapters.mqtt import BrokerAddress, PahoInbox, PahoPublisher
from surveil_adapters.simulation.board import SimulatedBoard
from surveil_adapters.simulation.player import compress, play
from surveil_adapters.simulation.sensors import SimulatedSensors
from surveil_adapters.simulation.trace import parse_trace
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.journal import SqliteJournal
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.debounce import Verdict
from surveil_core.events import SensorKind
from surveil_core.notices import EdgeIgnored, EventDetected, EventStored, Notice, TopicsSubscribed
from surveil_core.ports.sensors import SensorSpec
from surveil_core.services.journaling import EventJournal
from surveil_core.services.publishing import JournalPublisher
from surveil_core.services.sensing import SensingService
from surveil_core.services.surveillance import SurveillanceService
from surveil_core.vocabulary import SENSOR_TOPICS
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.recorder import FakeRecorder
from tests.rig.brokers import Address
from tests.waiting import wait_for

TRACES = Path(__file__).parents[3] / "shared/data/pir"
FACTOR = 2**20
MIN_INTERVAL_S = 2
LINES = 4_000
"""Some three days of either home, and a replay of ten seconds."""


@define
class Count:
    """What became of a recording's activations, counted with nothing of the product."""

    rises: int
    accepted_by_sensor: Counter[str]

    @property
    def debounced(self) -> int:
        return self.rises - self.accepted_by_sensor.total()


def count_by_hand(lines: list[str]) -> Count:
    """Count in whole seconds: jump from each accepted rise to the first one 2 s later."""
    was: dict[str, str] = {}
    rises: defaultdict[str, list[int]] = defaultdict(list)
    for line in lines[1:]:
        ts, sensor, _, _, state = line.strip().split(",")
        if state == "ON" != was.get(sensor):
            day, clock = ts.split("T")
            hours, minutes, seconds = clock.removesuffix(".000000").split(":")
            date = sum(map(int, day.split("-")[2:])) + 31 * int(day.split("-")[1])
            rises[sensor].append(((date * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds))
        was[sensor] = state
    accepted: Counter[str] = Counter()
    for sensor, seconds_of in rises.items():
        at = 0
        while at < len(seconds_of):
            accepted[sensor] += 1
            at = bisect_left(seconds_of, seconds_of[at] + MIN_INTERVAL_S)
    return Count(rises=sum(map(len, rises.values())), accepted_by_sensor=accepted)


@contextmanager
def running(step: Callable[[float], None]) -> Iterator[None]:
    """Call `step` on a thread of its own."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            step(0.1)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class Chain:
    """The real services between a simulated board and a database."""

    def __init__(self, address: Address, sensors: tuple[SensorSpec, ...], folder: Path) -> None:
        self.clock = SystemClock(threading.Event())
        self.board = SimulatedBoard(sensors=sensors, clock=self.clock)
        self.database = SurveillanceDb(path=folder / "surveillance.db", sensors=sensors)
        self.announcer = RecordingAnnouncer()
        self._sensors = sensors
        self._broker = BrokerAddress(host=address.host, port=address.port)
        self._event_numbers = itertools.count()

    def notices(self, kind: type[Notice]) -> list[Notice]:
        """What was told of this kind."""
        return [notice for notice in self.announcer.notices if isinstance(notice, kind)]

    @contextmanager
    def open(self, device_id: str, queue_edges: int) -> Iterator[None]:
        """Run surveillance and one sensing service per kind."""
        with ExitStack() as stack:
            self._start_surveillance(stack, device_id)
            wait_for("the subscription is granted", lambda: self.notices(TopicsSubscribed))
            for kind in SensorKind:
                self._start_sensing(stack, kind, device_id, queue_edges)
            yield

    def _start_surveillance(self, stack: ExitStack, device_id: str) -> None:
        inbox = PahoInbox(
            address=self._broker,
            client_id=f"surveillance-{device_id}",
            topics=SENSOR_TOPICS,
            service="surveillance",
            announcer=self.announcer,
        )
        store = SqliteEventStore(self.database)
        service = SurveillanceService(
            inbox=inbox,
            store=store,
            recorder=FakeRecorder(),
            device_id=device_id,
            recorded_types=(),
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.5,
        )
        inbox.open()
        stack.enter_context(closing(store))
        stack.enter_context(closing(inbox))
        stack.enter_context(running(service.step))

    def _start_sensing(
        self, stack: ExitStack, kind: SensorKind, device_id: str, queue_edges: int
    ) -> None:
        name = f"sensor-{kind}"
        publisher = PahoPublisher(
            address=self._broker,
            client_id=f"{name}-{device_id}",
            service=name,
            announcer=self.announcer,
        )
        sensors = SimulatedSensors(
            board=self.board,
            sensors=[sensor for sensor in self._sensors if sensor.kind is kind],
            service=name,
            announcer=self.announcer,
            queue_edges=queue_edges,
        )
        service = self._sensing(name, device_id, sensors, publisher, stack)
        publisher.open()
        stack.enter_context(closing(publisher))
        stack.enter_context(closing(sensors))
        stack.enter_context(running(service.step))

    def _sensing(
        self,
        name: str,
        device_id: str,
        sensors: SimulatedSensors,
        publisher: PahoPublisher,
        stack: ExitStack,
    ) -> SensingService:
        file = SqliteJournal(self.database.path.with_name(f"{name}.db"))
        stack.enter_context(closing(file))
        journal = EventJournal(
            service=name,
            journal=file,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.5,
        )
        return SensingService(
            service=name,
            device_id=device_id,
            specs=self._sensors,
            sensors=sensors,
            journal=journal,
            outflow=JournalPublisher(
                service=name,
                journal=journal,
                publisher=publisher,
                clock=self.clock,
                announcer=self.announcer,
            ),
            clock=self.clock,
            announcer=self.announcer,
            random_bytes=self._count_up,
            random_unit=lambda: 0.5,
        )

    def _count_up(self, size: int) -> bytes:
        """Days within a second would make random names of three bytes meet by chance."""
        return next(self._event_numbers).to_bytes(size, "big")


def stored_by_sensor(path: Path) -> Counter[str]:
    """Ask the database with a connection of our own."""
    with closing(sqlite3.connect(path)) as connection:
        return Counter(
            dict(
                connection.execute(
                    "SELECT c.nom_capteur, COUNT(DISTINCT e.event_id) FROM evenement e"
                    " JOIN capteur c ON e.id_capteur = c.id_capteur GROUP BY c.nom_capteur"
                )
            )
        )


@pytest.mark.parametrize("name", ["vankasteren_B.csv", "vankasteren_C.csv"])
def test_a_recorded_home_is_counted_alike_by_hand_and_by_the_chain(
    name: str, broker: Address, device_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accepted, debounced and stored events of each sensor agree with a straight count."""
    if not (TRACES / name).exists():
        pytest.skip(f"{TRACES / name} is not on this machine")
    lines = (TRACES / name).read_text().splitlines(keepends=True)[: LINES + 1]
    expected = count_by_hand(lines)
    trace = parse_trace(lines, name=name)
    sensors = tuple(
        compress(sensor, FACTOR) for sensor in trace.sensor_specs(min_interval_s=MIN_INTERVAL_S)
    )
    chain = Chain(broker, sensors, tmp_path)
    with chain.open(device_id, queue_edges=LINES):
        start_s = float(math.ceil(chain.clock.monotonic_s()))
        assert play(
            trace.steps, board=chain.board, clock=chain.clock, start_s=start_s, factor=FACTOR
        )
        wait_for(
            "every rise is judged",
            lambda: (
                len(chain.notices(EventDetected)) + len(chain.notices(EdgeIgnored))
                >= expected.rises
            ),
            within_s=60,
        )
        wait_for(
            "what was accepted is stored",
            lambda: len(chain.notices(EventStored)) >= len(chain.notices(EventDetected)),
            within_s=60,
        )
    ignored = [notice.verdict for notice in chain.notices(EdgeIgnored)]
    assert len(chain.notices(EventDetected)) == expected.accepted_by_sensor.total()
    assert ignored == [Verdict.TOO_SOON] * expected.debounced
    assert stored_by_sensor(chain.database.path) == expected.accepted_by_sensor
    assert expected.debounced > 0, "the recording debounces nothing, so this proves little"
    with capsys.disabled():
        sys.stdout.write(
            f"\n{name}: {expected.rises} activations of {len(sensors)} sensors, "
            f"{expected.debounced} debounced, {expected.accepted_by_sensor.total()} stored\n"
        )
