"""The nine boxes at the end of the spec, ticked by what really happens in the demo.

Seven are seen in the notices that pass. The other two are tried as a browser would: a
Socket.IO client waits for the backend's alert, and a video is fetched over HTTP.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

import requests
import socketio
from attrs import define, field

from surveil_core import notices
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.clock import Clock

GIVE_UP_AFTER_S = 90.0
_PROBE_TIMEOUT_S = 5.0

BOXES = {
    "broker": "mqtt-broker démarre et écoute sur le port {port}",
    "sensor": "sensor_motion.py se connecte au broker et publie sur `sensor/motion`",
    "bridge": "mqtt-bridge reçoit les messages et les envoie au backend",
    "created": "Backend répond 201 Created à mqtt-bridge",
    "emitted": "Backend émet les événements via WebSocket",
    "received": "surveillance_service reçoit les messages MQTT",
    "stored": "surveillance_service enregistre dans surveillance.db",
    "captured": "surveillance_service capture des vidéos",
    "fetched": "Les vidéos sont accessibles via l'API",
}

_TICKED_BY: dict[type[notices.Notice], tuple[str, Callable[..., bool]]] = {
    notices.BrokerConnected: ("broker", lambda n: True),
    notices.EventPublished: ("sensor", lambda n: n.topic == "sensor/motion"),
    notices.PostStarting: ("bridge", lambda n: True),
    notices.PostDelivered: ("created", lambda n: n.status == 201),
    notices.EventReceived: ("received", lambda n: True),
    notices.EventStored: ("stored", lambda n: True),
    notices.ClipStored: ("captured", lambda n: True),
}


@define
class Checklist:
    """An announcer that passes on what it hears, and ticks boxes. Safe from any thread."""

    inner: Announcer
    ticked: set[str] = field(factory=set, init=False)

    def announce(self, *told: notices.Notice) -> None:
        """Pass on what is told, and tick its boxes if it has any."""
        self.inner.announce(*told)
        for notice in told:
            box, proves = _TICKED_BY.get(type(notice), ("", lambda n: False))
            if proves(notice):
                self.ticked.add(box)

    def is_complete(self) -> bool:
        """Whether all nine are true."""
        return self.ticked >= BOXES.keys()

    def text(self, *, broker_port: int) -> str:
        """Draw the list as the spec does."""
        lines = [
            f"- [{'x' if box in self.ticked else ' '}] {words.format(port=broker_port)}"
            for box, words in BOXES.items()
        ]
        return "\n✅ Checklist de Vérification\n\n" + "\n".join(lines) + "\n\n"

    def try_fetching(self, page_url: str) -> None:
        """Tick the last box if the first bytes of the newest video come by a Range request."""
        try:
            media = requests.get(f"{page_url}/api/media", timeout=_PROBE_TIMEOUT_S).json()
            newest = media["media"][0]["media_id"]
            answer = requests.get(
                f"{page_url}/api/media/{newest}/video",
                headers={"Range": "bytes=0-11"},
                timeout=_PROBE_TIMEOUT_S,
            )
        except (requests.RequestException, LookupError, ValueError):
            return
        if answer.status_code == requests.codes.partial and answer.content[4:8] == b"ftyp":
            self.ticked.add("fetched")


@contextmanager
def listening(checklist: Checklist, backend_url: str) -> Iterator[None]:
    """Tick the box of the alerts when one arrives by Socket.IO."""
    with requests.Session() as session:
        client = socketio.Client(reconnection=False, http_session=session)
        client.on("*", lambda _name, _payload: checklist.ticked.add("emitted"))
        client.connect(backend_url, transports=["websocket"])
        try:
            yield
        finally:
            client.disconnect()
            if client.eio.ws is not None:
                client.eio.ws.shutdown()  # forgotten where the server closed first


@define(kw_only=True)
class ChecklistPrinter:
    """Prints the list once: when it is complete, or after 90 s as it then is."""

    checklist: Checklist
    page_url: str
    broker_port: int
    clock: Clock
    stream: TextIO
    _began_at_s: float = field(init=False)
    _is_printed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._began_at_s = self.clock.monotonic_s()

    def step(self, timeout_s: float) -> None:
        """Look once, then wait."""
        if not self._is_printed:
            self._look()
        self.clock.wait_s(timeout_s)

    def _look(self) -> None:
        if "captured" in self.checklist.ticked:
            self.checklist.try_fetching(self.page_url)
        is_late = self.clock.monotonic_s() - self._began_at_s > GIVE_UP_AFTER_S
        if self.checklist.is_complete() or is_late:
            self._is_printed = True
            self.stream.write(self.checklist.text(broker_port=self.broker_port))
            self.stream.flush()
