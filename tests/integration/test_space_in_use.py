"""Giving a deleted video's space back while others work with the same `surveillance.db`.

The real program films, stores and serves; a browser streams a video that stays; a person deletes
the others, or the program itself does so to make room.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from attrs import define, evolve, field

from surveil_adapters.clock import SystemClock
from surveil_adapters.sqlite.pins import SqlitePins
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.events import SensorKind
from surveil_core.messages import build_sensor_message
from surveil_core.vocabulary import FACTS_BY_KIND
from tests.examples import event_number
from tests.integration.sqlite_files import query
from tests.integration.stored_clips import store_clips
from tests.rig.brokers import Address, free_port
from tests.rig.bystander import Bystander
from tests.rig.programs import Program, program
from tests.waiting import wait_for

pytest_plugins = ["tests.rig.camera_fixtures"]

MIB = 1024 * 1024
VIDEO_BYTES, CLIPS, WATCHED = 4 * MIB, 8, 5
OTHERS = [number for number in range(1, CLIPS + 1) if number != WATCHED]
STALL_S = 3.0
"""What took so long would be late; a lock is waited for up to five seconds."""
FAILURES = ("Base de données indisponible", "pas encore enregistrée", "Vidéo impossible")


@pytest.fixture
def settings(
    broker: Address, device_id: str, data_dir: Path, tmp_path: Path
) -> Mapping[str, object]:
    """Film a test picture in short clips, and serve the page."""
    return {
        "MQTT__HOST": broker.host,
        "MQTT__PORT": broker.port,
        "DEVICE__ID": device_id,
        "STORAGE__DATA_DIR": data_dir,
        "CAMERA__SOURCE": "synthetic",
        "CAMERA__RESOLUTION": "320x240",
        "CAMERA__FPS": 30,
        "RECORDING__DURATION_S": 1,
        "RECORDING__PRE_ROLL_S": 0.5,
        "WEB__PORT": free_port(),
    }


@define
class Viewer:
    """A browser that watches a video over and over, and seeks in it; `with` starts and ends it."""

    url: str
    video: bytes
    passes: int = field(default=0, init=False)
    slowest_s: float = field(default=0.0, init=False)
    wrong: list[str] = field(factory=list, init=False)
    _stop: threading.Event = field(factory=threading.Event, init=False)
    _thread: threading.Thread = field(init=False)

    def __enter__(self) -> "Viewer":
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            with requests.Session() as session:
                while not self._stop.is_set():
                    self._get(session, 0)
                    self._get(session, VIDEO_BYTES // 2, VIDEO_BYTES // 2 + 100_000)
                    self.passes += 1
        except requests.RequestException as error:
            self.wrong.append(repr(error))

    def _get(self, session: requests.Session, first: int, last: int | None = None) -> None:
        """Ask as browsers do: from a place on, or for a part; look at every byte."""
        asked = f"bytes={first}-{'' if last is None else last}"
        answer = session.get(self.url, headers={"Range": asked}, timeout=20)
        self.slowest_s = max(self.slowest_s, answer.elapsed.total_seconds())
        wanted = self.video[first : None if last is None else last + 1]
        said = f"bytes {first}-{first + len(wanted) - 1}/{len(self.video)}"
        if (answer.status_code, answer.headers.get("Content-Range")) != (206, said):
            self.wrong.append(f"{asked}: {answer.status_code} {answer.headers}")
        elif answer.content != wanted:
            self.wrong.append(f"{asked}: other bytes")


@define
class Sensors:
    """Sensors whose events come one after the other, each when the one before is stored."""

    bystander: Bystander
    database: Path
    device_id: str
    clock: SystemClock
    happened: int = field(default=100, init=False)
    slowest_s: float = field(default=0.0, init=False)

    def press(self) -> None:
        """Press a button, which is not filmed; see how long the event takes to be stored."""
        began_s = self.clock.monotonic_s()
        event_id = self.publish(SensorKind.BUTTON)
        wait_for("the event is stored", lambda: self._is_stored(event_id))
        self.slowest_s = max(self.slowest_s, self.clock.monotonic_s() - began_s)

    def publish(self, kind: SensorKind) -> str:
        """Let an event happen; returns its id."""
        self.happened += 1
        event = evolve(
            event_number(self.happened, kind),
            device_id=self.device_id,
            occurred_at_utc=self.clock.now_utc(),
        )
        self.bystander.publish(build_sensor_message(event), FACTS_BY_KIND[kind].topic)
        return event.event_id

    def _is_stored(self, event_id: str) -> bool:
        found = query(self.database, "SELECT 1 FROM evenement WHERE event_id = ?", event_id)
        return found == [(1,)]


def delete_by_hand(db: SurveillanceDb, settings: Mapping[str, object]) -> None:
    """Have them deleted by `clips delete`."""
    names = map(str, OTHERS)
    with program("apps.edge", "clips", "delete", "--yes", *names, settings=settings) as deleting:
        assert deleting.process.wait(60) == 0, deleting.output
    assert "given back to the disk" in deleting.output


def let_make_room(db: SurveillanceDb, _: Mapping[str, object]) -> None:
    """Let go what the program was not to touch so far: the next clip makes room."""
    pins = SqlitePins(db)
    for number in OTHERS:
        assert pins.pin(number, is_pinned=False)


@contextmanager
def recorder(settings: Mapping[str, object]) -> Iterator[Program]:
    """Run it until it films, takes events and serves."""
    with program("apps.edge", "run", "surveillance", "web", settings=settings) as running:
        for text in ("Service de surveillance démarré", "Caméra prête", "http://127.0.0.1"):
            running.wait_for_text(text)
        yield running


@pytest.mark.parametrize(
    ("free_bytes", "delete"),
    [(0, delete_by_hand), (1 << 50, let_make_room)],
    ids=["clips delete", "retention"],
)
def test_the_file_gets_shorter_while_it_is_read_and_written(
    settings: dict[str, Any],
    bystander: Bystander,
    clock: SystemClock,
    free_bytes: int,
    delete: Callable[[SurveillanceDb, Mapping[str, object]], None],
) -> None:
    """Every byte that a browser streams is right, and neither event nor clip waits for long."""
    settings["STORAGE__MIN_FREE_BYTES"] = free_bytes
    video = os.urandom(VIDEO_BYTES)
    db = store_clips(settings["STORAGE__DATA_DIR"], video, clips=CLIPS)
    for number in range(1, CLIPS + 1):
        assert SqlitePins(db).pin(number, is_pinned=number == WATCHED or free_bytes > 0)
    sensors = Sensors(bystander, db.path, settings["DEVICE__ID"], clock)
    url = f"http://127.0.0.1:{settings['WEB__PORT']}/api/media/{WATCHED}/video"
    is_over = threading.Event()

    def is_done() -> bool:
        """Let an event be stored, and look how far the others are."""
        sensors.press()
        return is_short(db.path) and has_video(db.path, filmed)

    with recorder(settings) as running:
        with Viewer(url, video) as viewer, ThreadPoolExecutor(2) as others:
            wait_for("a first look", lambda: viewer.passes)
            sizes_bytes = others.submit(sizes_of, db.path, until=is_over)
            filmed = sensors.publish(SensorKind.MOTION)
            deleting, passes = others.submit(delete, db, settings), viewer.passes
            try:
                wait_for("a short file, and a clip", is_done, within_s=60)
            finally:
                is_over.set()
            assert viewer.passes > passes, "nobody looked while the file got shorter"
            deleting.result()
            passes = viewer.passes + 1
            wait_for("a look at what is left", lambda: viewer.passes > passes)
        assert running.stop() == 0
    assert viewer.wrong == []
    assert_got_shorter(sizes_bytes.result())
    assert max(sensors.slowest_s, viewer.slowest_s) < STALL_S
    assert [text for text in FAILURES if text in running.output] == []
    assert query(db.path, "PRAGMA integrity_check") == [("ok",)]


def sizes_of(database: Path, *, until: threading.Event) -> list[int]:
    """Note each size that it has, as far as one can look so often."""
    sizes_bytes = [database.stat().st_size]
    while not until.wait(0.002):
        if (size_bytes := database.stat().st_size) != sizes_bytes[-1]:
            sizes_bytes.append(size_bytes)
    return sizes_bytes


def is_short(database: Path) -> bool:
    """Whether it has next to nothing but the watched video."""
    return database.stat().st_size < 2 * VIDEO_BYTES


def has_video(database: Path, event_id: str) -> bool:
    """Whether an event's clip is stored."""
    sql = "SELECT count(*) FROM media_evenement JOIN evenement USING (id_evenement)"
    return query(database, f"{sql} WHERE event_id = ?", event_id) == [(1,)]


def assert_got_shorter(sizes_bytes: list[int]) -> None:
    """By steps, not at once."""
    assert sizes_bytes[0] > CLIPS * VIDEO_BYTES
    between = {size for size in sizes_bytes if 2 * VIDEO_BYTES < size < CLIPS * VIDEO_BYTES}
    assert len(between) >= 3
