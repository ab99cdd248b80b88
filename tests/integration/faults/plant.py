"""A whole plant: broker, backend, and our programs, each a process that can be killed."""

import json
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from attrs import define, field

from surveil_core.vocabulary import bridge_client_id
from tests.integration.faults.brokers import DeployedBroker
from tests.integration.faults.ledger import (
    NONE,
    Ledger,
    Leeway,
    assert_nothing_lost_or_repeated,
    counters_of,
    query,
)
from tests.integration.faults.load import client_of
from tests.rig.brokers import Address
from tests.rig.faulty import FaultyBackend
from tests.rig.programs import Program, program
from tests.waiting import wait_for

READY = {
    "sensor": "sensor_ready",
    "bridge": "topics_subscribed",
    "surveillance": "topics_subscribed",
}
START_S = 45.0
QUIET_S = 90.0
SETTLE_S = 0.5
LOOK_S = 0.05


@define
class Service:
    """One of our programs, in all its lives."""

    name: str
    settings: Mapping[str, object]
    lives: list[Program] = field(factory=list)
    _stack: ExitStack = field(factory=ExitStack)

    def start(self, *, and_wait: bool = True) -> None:
        """Start a life."""
        run = program("apps.edge", "run", self.name, settings=self.settings)
        self.lives.append(self._stack.enter_context(run))
        if and_wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until this life is at work."""
        life, word = self.lives[-1], f'"event": "{READY[self.name]}"'
        wait_for(
            f"{self.name} is ready",
            lambda: word in life.output or life.process.poll() is not None,
            within_s=START_S,
        )
        assert word in life.output, f"{self.name} does not start:\n{life.output}"

    def kill(self) -> None:
        """End it at once (kill -9). Twice is safe."""
        for life in self.lives[-1:]:
            life.process.kill()
        self._stack.close()

    def stop(self) -> None:
        """Ask it to end; it must, in good order."""
        if self.lives and self.lives[-1].process.poll() is None:
            code = self.lives[-1].stop()
            assert code == 0, f"{self.name} ended with {code}:\n{self.lives[-1].output[-3000:]}"
        self._stack.close()

    def notices(self, event: str | None = None) -> list[dict[str, Any]]:
        """Read what it has said, of all lives; a killed one may not have ended its last line."""
        found = []
        for line in [line for life in self.lives for line in list(life.lines)]:
            try:
                document = json.loads(line)
            except ValueError:
                continue
            if event is None or document["event"] == event:
                found.append(document)
        return found

    def check_log(self) -> None:
        """Nothing broke: no service fell, nothing was printed but notices."""
        failed = [
            one
            for one in self.notices("service_failed")
            if not one["reason"].startswith(
                ("StoreUnavailable", "StoreDamaged")
            )  # it could not even begin
        ]
        assert not failed, f"{self.name} failed: {failed[:3]}"
        for life in self.lives:
            strange = [line for line in life.lines[:-1] if not line.startswith("{")]
            assert not strange, f"{self.name} printed {strange[:20]}"


@define
class Plant:
    """Everything a test needs, in one folder, with one ledger."""

    folder: Path
    rng: random.Random
    scale: float
    broker: DeployedBroker
    backend: FaultyBackend
    device_id: str
    data_dir: Path
    ledger: Ledger = field(factory=Ledger)
    services: dict[str, Service] = field(factory=dict)
    records: dict[int, str] = field(factory=dict)
    looks: int = 0

    @property
    def outbox(self) -> Path:
        """The bridge's file."""
        return self.data_dir / "outbox.db"

    @property
    def database(self) -> Path:
        """The surveillance service's file."""
        return self.data_dir / "surveillance.db"

    @property
    def bridge_client_id(self) -> str:
        """What the bridge calls itself at the broker."""
        return bridge_client_id(self.device_id)

    def add(self, *names: str, broker: Address | None = None, **settings_of_test: object) -> None:
        """Start services, at the same time, and have the broker save their sessions."""
        settings = self._settings(broker or self.broker.address) | settings_of_test
        for name in names:
            self.services[name] = Service(name, settings)
            self.services[name].start(and_wait=False)
        for name in names:
            self.services[name].wait_until_ready()
        self.broker.save()

    def count(self, number: int) -> int:
        """Scale a size."""
        return max(1, int(number * self.scale))

    def pause(self, least_s: float, most_s: float) -> None:
        """Let a random time pass."""
        time.sleep(self.rng.uniform(least_s, most_s))

    def client(self) -> Any:
        """Connect a client of the test's, as a context."""
        return client_of(self.broker.address, self.ledger, self.rng)

    def devices(self, count: int) -> list[str]:
        """Name some devices of this test's own."""
        return [f"dev-{number}-{self.rng.randrange(16**4):04x}" for number in range(count)]

    # --- the end ----------------------------------------------------------------------

    def learn_from_sensor(self) -> set[str]:
        """Put into the ledger what the sensor service has accepted: its journal says it.

        Returns what it said it published or kept and is not there, or not yet: what a full
        disk did not take is in its memory.
        """
        said = self.services["sensor"].notices("event_published")
        said += self.services["sensor"].notices("event_kept")
        path = self.data_dir / "journal" / "sensor-button.db"
        has_table = path.exists() and query(
            path, "SELECT 1 FROM sqlite_master WHERE name = 'record'"
        )
        rows = query(path, "SELECT record_id, payload FROM record") if has_table else []
        for record_id, payload in rows:
            self.records[record_id] = json.loads(payload)["event_id"]
        self.ledger.accepted[self.device_id] = [self.records[key] for key in sorted(self.records)]
        return {one["event_id"] for one in said} - set(self.records.values())

    def is_quiet(self) -> bool:
        """Whether everything has arrived where it belongs, as far as numbers tell."""
        if "sensor" in self.services and (self.learn_from_sensor() or not self.records):
            return False
        expected = len(self.ledger.keys)
        letters = len(set(self.ledger.dead))
        if "bridge" in self.services:
            counts = self.backend.counts()
            if counts["stored"] + counts["refused"] < expected:
                return False
            now = counters_of(self.outbox)
            if now["waiting"] or now["dead"] < letters:
                return False
        if "surveillance" in self.services:
            (rows,) = query(self.database, "SELECT count(*) FROM evenement")[0]
            (dead,) = query(self.database, "SELECT count(*) FROM dead_letter")[0]
            return bool(rows >= expected and dead >= letters)
        return True

    def check(self, leeway: Leeway = NONE, *, within_s: float = QUIET_S) -> None:
        """Wait for quiet, then hold everything against the ledger."""
        try:
            wait_for("quiet", self.is_quiet, within_s=within_s)
        except AssertionError:
            self._assert_all(leeway)  # says better what is missing
            raise
        time.sleep(SETTLE_S)  # what comes twice comes soon after
        wait_for("quiet", self.is_quiet, within_s=within_s)
        self._assert_all(leeway)
        for service in self.services.values():
            service.check_log()

    def kill(self) -> None:
        """End all services at once, and leave what they said in the test's folder."""
        for name, service in self.services.items():
            service.kill()
            lines = [line for life in service.lives for line in [*life.lines, ""]]
            (self.folder / f"{name}.log").write_text("\n".join(lines), encoding="utf-8")

    def stop(self) -> None:
        """End all services in good order."""
        for service in self.services.values():
            service.stop()

    def _assert_all(self, leeway: Leeway) -> None:
        if "sensor" in self.services:
            missing = self.learn_from_sensor()
            assert not missing, f"accepted and not in the journal: {sorted(missing)[:5]}"
            assert self.records, "the sensor service has accepted nothing"
        has_bridge = "bridge" in self.services
        assert_nothing_lost_or_repeated(
            self.ledger,
            backend=self.backend.state() if has_bridge else None,
            outbox=self.outbox if has_bridge else None,
            database=self.database if "surveillance" in self.services else None,
            leeway=leeway,
        )

    def _settings(self, broker: Address) -> dict[str, object]:
        return {
            "LOG__FORMAT": "json",
            "DEVICE__ID": self.device_id,
            "MQTT__HOST": broker.host,
            "MQTT__PORT": broker.port,
            "GPIO__BACKEND": "simulated",
            "SENSORS__0__KIND": "button",
            "SENSORS__0__MIN_INTERVAL_S": 0,
            "BRIDGE__BACKEND_URL": self.backend.events_url,
            "CAMERA__SOURCE": "v4l2:/dev/video-that-is-not-there",
            "STORAGE__DATA_DIR": self.data_dir,
        }


@contextmanager
def watching_counters(plant: Plant) -> Iterator[None]:
    """Look at the outbox's counters all the time: they must add up at every look."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def look() -> None:
        while not stop.wait(LOOK_S):
            try:
                counters_of(plant.outbox)
                plant.looks += 1
            except sqlite3.OperationalError:
                continue  # not made yet, or on a disk that is full
            except AssertionError as error:
                failures.append(error)
                return

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if failures:
        raise failures[0]


PlantMaker = Callable[..., Plant]
