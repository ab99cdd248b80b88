"""Loads: a client that publishes, and a finger that presses simulated sensors."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as paho
from attrs import define, field
from paho.mqtt.enums import CallbackAPIVersion

from surveil_adapters.simulation.control import SOCKET_NAME, send_command
from surveil_core.errors import SensorUnavailable
from surveil_core.events import SensorKind
from surveil_core.messages import format_timestamp
from surveil_core.vocabulary import FACTS_BY_KIND
from tests.integration.faults.ledger import Ledger
from tests.rig.brokers import Address
from tests.waiting import wait_for

BUTTON = FACTS_BY_KIND[SensorKind.BUTTON]
BATCH = 100


@define
class Client:
    """Publishes at QoS 1 on a connection that never fails, in order, and keeps the ledger."""

    ledger: Ledger
    rng: random.Random
    _client: paho.Client
    _numbered: int = field(default=0, init=False)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish one message and wait for its PUBACK."""
        self._publish_all([(topic, payload)])

    def publish_events(self, count: int, devices: Sequence[str], *, per_s: float = 1e9) -> None:
        """Publish events of devices chosen at random, in batches, at most `per_s`."""
        began_s = time.monotonic()
        batch = max(1, min(BATCH, int(per_s / 10)))
        for start in range(0, count, batch):
            chosen = [self.rng.choice(devices) for _ in range(min(batch, count - start))]
            events = [self._new_event(device_id) for device_id in chosen]
            self._publish_all([(BUTTON.topic, payload) for _, _, payload in events])
            for device_id, event_id, _ in events:
                self.ledger.accept(device_id, event_id)
            time.sleep(max(0.0, began_s + (start + batch) / per_s - time.monotonic()))

    def publish_refused(self, topic: str, payload: bytes) -> None:
        """Publish what must end as a dead letter."""
        self.publish(topic, payload)
        self.ledger.expect_dead(topic, payload)

    def _new_event(self, device_id: str) -> tuple[str, str, bytes]:
        self._numbered += 1
        event_id = f"evt-{self._numbered:08d}-{self.rng.randrange(16**6):06x}"
        occurred_at_utc = datetime.now(UTC) - timedelta(days=7) + timedelta(seconds=self._numbered)
        document = {
            "event_id": event_id,
            "device_id": device_id,
            "source": BUTTON.source,
            "type": BUTTON.event_type.value,
            "data": {"gpio_pin": BUTTON.default_pin, "state": "LOW"},
            "timestamp": format_timestamp(occurred_at_utc),
        }
        return device_id, event_id, json.dumps(document).encode()

    def _publish_all(self, messages: Sequence[tuple[str, bytes]]) -> None:
        sent = [self._client.publish(topic, payload, qos=1) for topic, payload in messages]
        for info in sent:
            info.wait_for_publish(30)
            assert info.is_published(), "the broker did not acknowledge a message of the test"


@contextmanager
def client_of(broker: Address, ledger: Ledger, rng: random.Random) -> Iterator[Client]:
    """Connect a client."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(BATCH)
    client.connect(broker.host, broker.port)
    client.loop_start()
    wait_for("the test's client is connected", client.is_connected, within_s=30)
    try:
        yield Client(ledger, rng, client)
    finally:
        client.disconnect()
        client.loop_stop()


@define
class Finger:
    """Presses the button of a running sensor service; a service that is away feels nothing."""

    data_dir: Path
    per_s: float
    presses: int = field(default=0, init=False)
    _stop: threading.Event = field(factory=threading.Event, init=False)

    def run(self) -> None:
        """Press until told to stop."""
        while not self._stop.wait(1 / self.per_s):
            try:
                send_command(self.data_dir / SOCKET_NAME, "press button")
            except SensorUnavailable:
                continue
            self.presses += 1

    def stop(self) -> None:
        """End `run`."""
        self._stop.set()


@contextmanager
def pressing(data_dir: Path, *, per_s: float) -> Iterator[Finger]:
    """Press in the background."""
    finger = Finger(data_dir, per_s)
    with in_background(finger.run, finger.stop):
        yield finger


@contextmanager
def in_background(run: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """Run on a thread; what it raises is raised at the end."""
    failures: list[Exception] = []

    def work() -> None:
        try:
            run()
        except Exception as error:  # noqa: BLE001 - raised below
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()
    if failures:
        raise failures[0]
