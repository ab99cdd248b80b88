"""Our program under measure: `python -m apps.edge run surveillance`, a broker, a sensor.

Or all of it: the recorder with its sensors, the bridge, a backend for that, and the page.
"""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

from attrs import define, field, frozen

from bench.delivery.load import Publisher, message
from bench.processes import Running, environment_with, python, running, start, stop
from bench.video import footage, records
from bench.video.place import Place
from surveil_core.ports.media_store import VideoPlace
from tests.rig.brokers import NativeBroker, free_port
from tests.waiting import wait_for

DEVICE = "bench"
READY = "Service de surveillance démarré"
CAMERA_READY = "Caméra prête"
_STORED_WITHIN_S = 60.0


@frozen(kw_only=True)
class Fired:
    """An event, and when it was published: by the wall clock and by the monotonic one."""

    event_id: str
    at_utc: datetime
    at_s: float


@define
class Edge:
    """One data folder, and the program that films into it, which may be killed and come again."""

    folder: Path
    settings: Mapping[str, object]
    publisher: Publisher
    services: Sequence[str] = ("surveillance",)
    """What it runs; everything if none is named."""
    fired: list[Fired] = field(factory=list, init=False)
    _lives: int = field(default=0, init=False)
    _running: Running | None = field(default=None, init=False)

    @property
    def database(self) -> Path:
        """Its `surveillance.db`."""
        return self.folder / "surveillance.db"

    @property
    def pid(self) -> int:
        """Its process id. Raises `AssertionError` when it has ended by itself."""
        assert self._running is not None, "the program was not started"
        code = self._running.process.poll()
        assert code is None, f"the program ended by itself with {code}: see {self._running.log}"
        return self._running.process.pid

    def start(self) -> None:
        """Start it and wait until it films and takes events."""
        self._lives += 1
        log = self.folder / f"edge-{self._lives}.log"
        command = python("apps.edge", "run", *self.services)
        process = start(command, log=log, environment=environment_with(self.settings))
        self._running = Running(process, log)
        self._running.wait_for_text(READY)
        self._running.wait_for_text(CAMERA_READY)

    def fire(self) -> Fired:
        """Publish a motion; returns when the broker has it."""
        at_utc, at_s = datetime.now(UTC), time.monotonic()
        payload = message(len(self.fired), DEVICE)
        fired = Fired(event_id=json.loads(payload)["event_id"], at_utc=at_utc, at_s=at_s)
        self.publisher.publish(payload)
        self.fired.append(fired)
        self.publisher.wait_until_acknowledged()
        return fired

    def wait_for_clips(self, count: int) -> list[records.StoredClip]:
        """Wait until so many are stored."""

        def stored() -> list[records.StoredClip]:
            assert self.pid
            clips = records.stored_clips(self.database)
            return clips if len(clips) >= count else []

        return wait_for(f"{count} clips are stored", stored, within_s=_STORED_WITHIN_S)

    def wait_until_settled(self) -> None:
        """Wait until each event is stored, no clip is to come, and the spool is empty."""

        def settled() -> bool:
            assert self.pid
            names = {fired.event_id for fired in self.fired}
            return (
                names <= records.stored_events(self.database)
                and records.open_jobs(self.database) == 0
                and not self.spool_files()
            )

        wait_for("all clips are stored or given up", settled, within_s=_STORED_WITHIN_S)

    def store_into(self, videos: VideoPlace) -> None:
        """Put the next clips there, from its next start on."""
        self.settings = {**self.settings, "STORAGE__VIDEOS": videos.value}

    def spool_files(self) -> list[Path]:
        """List what lies in the spool."""
        return sorted((self.folder / "spool").glob("recording_*"))

    def kill(self) -> datetime:
        """End it at once, as `kill -9` does, and leave its ffmpeg to the kernel; returns when."""
        process, self._running = self._process(), None
        at_utc = datetime.now(UTC)
        process.kill()
        process.wait()
        return at_utc

    def close(self) -> None:
        """End it in good order. Closing twice is safe."""
        if self._running is not None:
            stop(self._process())
            self._running = None

    def _process(self) -> "subprocess.Popen[bytes]":
        assert self._running is not None
        return self._running.process


@contextmanager
def running_edge(
    place: Place,
    *,
    duration_s: float,
    pre_roll_s: float = 3.0,
    source: str | None = None,
    videos: VideoPlace = VideoPlace.DATABASE,
    services: Sequence[str] = ("surveillance",),
    more_settings: Mapping[str, object] | None = None,
) -> Iterator[Edge]:
    """Run it on an empty folder, by default with the footage as its camera; yields it ready."""
    folder = Path(mkdtemp(prefix="edge-", dir=place.folder))
    (folder / "broker").mkdir()
    broker = NativeBroker(folder / "broker")
    try:
        broker.start()
        settings: dict[str, object] = {
            "MQTT__HOST": broker.address.host,
            "MQTT__PORT": broker.address.port,
            "DEVICE__ID": DEVICE,
            "STORAGE__DATA_DIR": folder,
            "STORAGE__VIDEOS": videos.value,
            "CAMERA__SOURCE": source or f"file:{place.footage.mp4}",
            "CAMERA__RESOLUTION": footage.RESOLUTION,
            "CAMERA__FPS": footage.FPS,
            "RECORDING__PRE_ROLL_S": pre_roll_s,
            "RECORDING__DURATION_S": duration_s,
            "RECORDING__MAX_DURATION_S": max(120.0, duration_s),
            **(more_settings or {}),
        }
        with Publisher(broker.address) as publisher:
            edge = Edge(folder, settings, publisher, services)
            try:
                edge.start()
                yield edge
            finally:
                edge.close()
    finally:
        broker.stop()


@contextmanager
def running_whole_edge(place: Place, *, duration_s: float) -> Iterator[Edge]:
    """Run all its services, with a backend that answers."""
    folder = Path(mkdtemp(prefix="backend-", dir=place.folder))
    backend_port = free_port()
    backend_settings = {"STORAGE__DATA_DIR": folder, "WEB__PORT": backend_port}
    more_settings: dict[str, object] = {
        "BRIDGE__BACKEND_URL": f"http://127.0.0.1:{backend_port}/api/events",
        "GPIO__BACKEND": "simulated",
        "WEB__PORT": free_port(),
    }
    for index, kind in enumerate(("motion", "button", "pressure")):
        more_settings[f"SENSORS__{index}__KIND"] = kind
    with running("apps.backend", log=folder / "backend.log", settings=backend_settings) as backend:
        backend.wait_for_text("Server running on port")
        with running_edge(
            place, duration_s=duration_s, services=(), more_settings=more_settings
        ) as edge:
            yield edge
