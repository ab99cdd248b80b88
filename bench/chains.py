"""The two chains that are compared: ours with everything running, and the plain loop.

Both run as processes of their own against one Mosquitto. All times are the wall clock of
this one machine, in Unix seconds.
"""

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import paho.mqtt.client as paho
import requests
from attrs import define, field, frozen
from paho.mqtt.enums import CallbackAPIVersion

from bench import plain_loop
from bench.listener import Listener
from bench.processes import running
from surveil_adapters.simulation.control import SOCKET_NAME, send_command
from tests.rig.brokers import Address, free_port, listens
from tests.waiting import wait_for

MIN_INTERVAL_S = 0.05
"""The debounce of the simulated sensors, below the 0.08 s between two presses of one."""

KINDS = ("button", "motion", "button", "pressure")
_STORED_WITHIN_S = 30.0
_PAGE = 500


@frozen(kw_only=True)
class Passage:
    """One event's way, in Unix seconds. The stages in between are known of ours only."""

    fired_at_s: float
    edge_at_s: float
    posted_at_s: float | None = None
    received_at_s: float


class Chain(Protocol):
    """A chain that can be fired and asked how it went."""

    listener: Listener

    def fire(self) -> None:
        """Cause one event."""

    def passages(self) -> list[Passage]:
        """Tell of all events so far, oldest first. Raises `AssertionError` if one is missing."""


@define
class OurChain:
    """Edge and backend as a user starts them."""

    listener: Listener
    edge_url: str
    backend_url: str
    control: Path
    _kinds: Iterator[str] = field(factory=lambda: itertools.cycle(KINDS), init=False)
    _fired_at_s: list[float] = field(factory=list, init=False)

    def fire(self) -> None:
        """Press a simulated sensor, the kinds in turn."""
        self._fired_at_s.append(time.time())
        send_command(self.control, f"press {next(self._kinds)}")

    def passages(self) -> list[Passage]:
        """Join what was pressed, what the backend stored and what the client received.

        Presses follow one another, so the n-th press is the n-th edge.
        """
        events = sorted(_list_events(self.backend_url), key=lambda event: event["occurred_at"])
        assert len(events) == len(self._fired_at_s), (
            f"{len(self._fired_at_s)} presses made {len(events)} events; expected one each"
        )
        return [
            Passage(
                fired_at_s=fired_at_s,
                edge_at_s=_unix_s(event["occurred_at"]),
                posted_at_s=_unix_s(event["received_at"]),
                received_at_s=self.listener.received_at_s[event["event_id"]],
            )
            for fired_at_s, event in zip(self._fired_at_s, events, strict=True)
        ]

    def stored(self) -> tuple[int, int]:
        """Say how many events and clips surveillance stored, once all events are there."""
        count = wait_for(
            "all events in surveillance.db",
            lambda: (n := len(_list_events(self.edge_url))) >= len(self._fired_at_s) and n,
            within_s=_STORED_WITHIN_S,
        )
        media = requests.get(f"{self.edge_url}/api/media?limit=500", timeout=10).json()["media"]
        return count, len(media)


@define
class PlainChain:
    """The plain loop; its sensor is a paho client in this process."""

    listener: Listener
    _client: paho.Client
    _fired_at_s: dict[str, float] = field(factory=dict, init=False)

    def fire(self) -> None:
        """Publish a message as large as ours, at paho's default of QoS 0."""
        event_id = f"evt-{int(time.time())}-{len(self._fired_at_s):06x}"
        message = {
            "event_id": event_id,
            "device_id": "raspberry-1",
            "source": "PIR",
            "type": "MOTION_DETECTED",
            "data": {"gpio_pin": 17, "state": "HIGH"},
            "timestamp": datetime.now().isoformat(),
        }
        self._fired_at_s[event_id] = time.time()
        self._client.publish(plain_loop.TOPIC, json.dumps(message))

    def passages(self) -> list[Passage]:
        """Join what was published and what the client received."""
        return [
            Passage(
                fired_at_s=fired_at_s,
                edge_at_s=fired_at_s,
                received_at_s=self.listener.received_at_s[event_id],
            )
            for event_id, fired_at_s in self._fired_at_s.items()
        ]


@contextmanager
def our_chain(broker: Address, folder: Path) -> Iterator[OurChain]:
    """Run backend and edge, three sensors and a 720p camera that is always on."""
    backend_url, edge_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    with ExitStack() as stack:
        backend = stack.enter_context(
            running(
                "apps.backend",
                log=folder / "backend.log",
                settings={
                    "STORAGE__DATA_DIR": folder / "backend",
                    "WEB__PORT": backend_url.rpartition(":")[2],
                },
            )
        )
        backend.wait_for_text("Server running on port")
        listener = stack.enter_context(Listener(backend_url))
        edge = stack.enter_context(
            running(
                "apps.edge",
                "run",
                log=folder / "edge.log",
                settings=_edge_settings(broker, folder / "edge", backend_url, edge_url),
            )
        )
        edge.wait_for_text("Abonné aux topics", times=3)
        edge.wait_for_text("Caméra prête")
        yield OurChain(listener, edge_url, backend_url, folder / "edge" / SOCKET_NAME)


def _edge_settings(
    broker: Address, data_dir: Path, backend_url: str, edge_url: str
) -> dict[str, object]:
    settings: dict[str, object] = {
        "MQTT__HOST": broker.host,
        "MQTT__PORT": broker.port,
        "BRIDGE__BACKEND_URL": f"{backend_url}/api/events",
        "GPIO__BACKEND": "simulated",
        "CAMERA__SOURCE": "synthetic",
        # short clips, so that some end, are wrapped and are stored while we measure
        "RECORDING__DURATION_S": 3,
        "RECORDING__MAX_DURATION_S": 10,
        "STORAGE__DATA_DIR": data_dir,
        "WEB__PORT": edge_url.rpartition(":")[2],
    }
    for index, kind in enumerate(("motion", "button", "pressure")):
        settings[f"SENSORS__{index}__KIND"] = kind
        settings[f"SENSORS__{index}__MIN_INTERVAL_S"] = MIN_INTERVAL_S
    return settings


@contextmanager
def plain_chain(broker: Address, folder: Path) -> Iterator[PlainChain]:
    """Run the baseline's bridge and backend, and connect its sensor."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        stack.enter_context(
            running("bench.plain_loop", "backend", str(port), log=folder / "plain-backend.log")
        )
        address = Address("127.0.0.1", port)
        wait_for("the plain backend listens", lambda: listens(address), within_s=30)
        bridge = stack.enter_context(
            running(
                *("bench.plain_loop", "bridge", broker.host, str(broker.port), f"{url}/api/events"),
                log=folder / "plain-bridge.log",
            )
        )
        bridge.wait_for_text(plain_loop.READY)
        listener = stack.enter_context(Listener(url))
        yield PlainChain(listener, stack.enter_context(_connected(broker)))


@contextmanager
def _connected(broker: Address) -> Iterator[paho.Client]:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        wait_for("the plain sensor is connected", client.is_connected)
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def _list_events(url: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    while True:
        after = events[-1]["cursor"] if events else 0
        answer = requests.get(
            f"{url}/api/events", params={"after": after, "limit": _PAGE}, timeout=10
        )
        answer.raise_for_status()
        page = answer.json()["events"]
        if not page:
            return events
        events.extend(page)


def _unix_s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
