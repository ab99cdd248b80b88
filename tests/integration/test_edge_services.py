"""The composition root: what a restarted loop finds."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from time import sleep
from typing import Any, cast

import attrs
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from apps.edge import config
from apps.edge.services import EdgeServices
from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_core.events import SensorKind
from surveil_core.notices import (
    BrokerConnected,
    CameraReady,
    ClipStored,
    FileReadable,
    FileUnreadable,
    NoSensor,
    TopicsSubscribed,
    VideosGivenUp,
)
from surveil_core.ports.event_store import ReceivedEvent
from surveil_core.ports.journal import JournalRecord
from surveil_core.ports.recorder import Trigger
from surveil_core.vocabulary import EventType
from tests.examples import MOTION_EVENT, RECEIVED_AT_UTC
from tests.fakes.announcer import RecordingAnnouncer
from tests.rig.brokers import Address, free_port


def step_until(step: Any, announcer: RecordingAnnouncer, kind: type, count: int) -> None:
    """Step until `count` notices of a kind were told."""
    for _ in range(2000):
        if len(announcer.of(kind)) >= count:
            return
        step(0.1)
    raise AssertionError(f"{kind.__name__} was not told {count} times: {announcer.kinds()}")


def test_events_of_a_sensor_that_was_taken_away_go_out(
    broker: Address, device_id: str, tmp_path: Path
) -> None:
    """Its kind's service runs without a pin."""
    announcer = RecordingAnnouncer()
    environment = {
        "SURVEIL_STORAGE__DATA_DIR": str(tmp_path),
        "SURVEIL_DEVICE__ID": device_id,
        "SURVEIL_MQTT__HOST": broker.host,
        "SURVEIL_MQTT__PORT": str(broker.port),
        "SURVEIL_GPIO__BACKEND": "simulated",
        "SURVEIL_SENSORS__0__KIND": "motion",
        "SURVEIL_SENSORS__0__PIN": "17",
    }
    services = EdgeServices(
        settings=config.load(None, environment), stop=threading.Event(), announcer=announcer
    )
    with closing(services.journal("sensor-button")) as journal:
        journal.append([JournalRecord(record_id=1, topic="sensor/button", payload=b"pressed")])
    names = set(services.named(["sensor"]))
    assert {name for name in names if name.startswith("sensor")} == {
        "sensor-motion",
        "sensor-button",
    }
    with closing(services.inbox("test", f"test-{device_id}", lasting=False)) as inbox:
        inbox.open()
        step_until(lambda _: sleep(0.01), announcer, TopicsSubscribed, 1)
        with services.sensing(SensorKind.BUTTON) as step:
            step_until(step, announcer, BrokerConnected, 2)
            step(0.1)
            [delivery] = inbox.receive(10.0, limit=10)
    assert delivery.payload == b"pressed"
    assert announcer.of(NoSensor) == [
        NoSensor(service="sensor-button", kind="button", left_over=True)
    ]


def test_a_journal_that_cannot_be_read_stops_nobody_else(tmp_path: Path) -> None:
    """A later release wrote it: its own service says so, the others begin."""
    folder = tmp_path / "journal"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "sensor-pressure.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    services = camera_services(
        tmp_path, SURVEIL_SENSORS__0__KIND="motion", SURVEIL_SENSORS__0__PIN="17"
    )
    assert {"sensor-motion", "sensor-pressure"} <= set(services.named(["sensor", "bridge"]))


SMALL_CAMERA = {
    "SURVEIL_CAMERA__SOURCE": "synthetic",
    "SURVEIL_CAMERA__RESOLUTION": "320x240",
    "SURVEIL_RECORDING__DURATION_S": "0.5",
    "SURVEIL_RECORDING__PRE_ROLL_S": "0.2",
}


def film(services: EdgeServices, count: int) -> None:
    """Let the camera's service begin, and film an event `evt-<count>`."""
    announcer = services.announcer
    assert isinstance(announcer, RecordingAnnouncer)
    event_id = f"evt-{count}"
    event = attrs.evolve(MOTION_EVENT, event_id=event_id)
    received = ReceivedEvent(
        event=event, topic="sensor/motion", received_at_utc=RECEIVED_AT_UTC, to_film=True
    )
    ready, filmed = len(announcer.of(CameraReady)), len(announcer.of(ClipStored))
    with services.camera() as step, closing(SqliteEventStore(services.database)) as store:
        step_until(step, announcer, CameraReady, ready + 1)
        [stored] = store.add_events([received]).rows
        services.filmings[1].trigger(
            Trigger(
                event_row_id=stored.row_id,
                event_id=event_id,
                event_type=EventType.MOTION_DETECTED,
                at_s=services.clock.monotonic_s(),
            )
        )
        step_until(step, announcer, ClipStored, filmed + 1)


def camera_services(folder: Path, **more: str) -> EdgeServices:
    """Make services with a small camera and an announcer that remembers."""
    environment = {"SURVEIL_STORAGE__DATA_DIR": str(folder), **SMALL_CAMERA, **more}
    return EdgeServices(
        settings=config.load(None, environment),
        stop=threading.Event(),
        announcer=RecordingAnnouncer(),
    )


def test_a_restarted_camera_loop_films_and_stores_again(tmp_path: Path) -> None:
    """Leaving and entering the camera's service twice stores a clip each time."""
    services = camera_services(tmp_path)
    for count in (1, 2):
        film(services, count)
    told = cast("RecordingAnnouncer", services.announcer)
    assert [n.event_id for n in told.of(ClipStored)] == ["evt-1", "evt-2"]


def test_the_camera_is_counted_where_it_films(tmp_path: Path) -> None:
    """What Prometheus reads: the ring with its limits, starts, failures, videos."""
    services = camera_services(tmp_path, SURVEIL_RECORDING__MAX_RING_BYTES="100000")
    assert services.metrics() == b""
    film(services, 1)
    with services.camera() as step:
        step_until(step, cast("RecordingAnnouncer", services.announcer), CameraReady, 2)
        for _ in range(20):
            step(0.1)
        counted = counters_of(services.metrics())
    assert counted["camera_open"] == 1
    assert counted["camera_starts_total"] == 2
    assert counted["camera_failures_total"] == 0
    assert counted["camera_dropped_pictures_total"] == 0
    assert counted["camera_pictures_total"] > 20
    assert 0 < counted["ring_seconds"] <= counted["ring_limit_seconds"] + 1.1
    assert 0 < counted["ring_bytes"] <= counted["ring_limit_bytes"] == 100_000
    assert counted["clips_stored_total"] == 1
    after = counters_of(services.metrics())
    assert (after["camera_open"], after["ring_bytes"]) == (0, 0)


def test_each_sensor_service_is_counted_by_its_journal(tmp_path: Path) -> None:
    """What it accepted stays counted when it is forgotten, what it keeps is measured."""
    services = camera_services(tmp_path)
    events = [JournalRecord(record_id=n, topic="sensor/x", payload=b"12") for n in (1, 2, 3)]
    for service, accepted in (("sensor-motion", 3), ("sensor-button", 1)):
        with closing(services.journal(service)) as journal:
            journal.append(events[:accepted])
            journal.forget([1])
    text = services.metrics().decode()
    assert 'surveil_journal_accepted_total{service="sensor-motion"} 3.0' in text
    assert 'surveil_journal_accepted_total{service="sensor-button"} 1.0' in text
    assert 'surveil_journal_waiting_bytes{service="sensor-motion"} 20.0' in text
    assert 'surveil_journal_waiting_bytes{service="sensor-button"} 0.0' in text


def test_a_file_that_cannot_be_read_keeps_no_other_from_being_counted(tmp_path: Path) -> None:
    """It is named in the metrics and told once, and told again when it can be read."""
    services = camera_services(tmp_path)
    announcer = cast("RecordingAnnouncer", services.announcer)
    with (
        closing(services.journal("sensor-motion")) as journal,
        closing(services.outbox()) as outbox,
    ):
        journal.append([JournalRecord(record_id=1, topic="sensor/x", payload=b"12")])
        outbox.counters()
    damaged = tmp_path / "journal" / "sensor-button.db"
    damaged.write_bytes(b"no database" * 1000)
    for _ in range(2):
        text = services.metrics().decode()
        assert 'surveil_journal_accepted_total{service="sensor-motion"} 1.0' in text
        assert 'service="sensor-button"' not in text
        assert "surveil_outbox_received_total 0.0" in text
        assert f'surveil_file_readable{{file="{damaged}"}} 0.0' in text
        assert f'surveil_file_readable{{file="{tmp_path}/journal/sensor-motion.db"}} 1.0' in text
        assert f'surveil_file_readable{{file="{tmp_path}/outbox.db"}} 1.0' in text
    [told] = announcer.notices
    assert isinstance(told, FileUnreadable)
    assert told.path == str(damaged)
    assert "the file is no SQLite database; move it aside" in told.reason
    damaged.unlink()
    with closing(services.journal("sensor-button")) as journal:
        journal.last_id()
    assert f'surveil_file_readable{{file="{damaged}"}} 1.0' in services.metrics().decode()
    assert announcer.notices[1:] == [FileReadable(service="metrics", path=str(damaged))]


def test_the_metrics_of_files_none_of_which_can_be_read_say_so(tmp_path: Path) -> None:
    """A later release wrote the outbox, and something else the journal: both are named."""
    services = camera_services(tmp_path)
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "sensor-motion.db").write_bytes(b"no database" * 1000)
    with closing(sqlite3.connect(tmp_path / "outbox.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert counters_of(services.metrics()) == {"file_readable": 0}
    told = cast("RecordingAnnouncer", services.announcer).of(FileUnreadable)
    assert [Path(notice.path).name for notice in told] == ["sensor-motion.db", "outbox.db"]
    assert "schema version 99" in told[1].reason


def counters_of(metrics: bytes) -> dict[str, float]:
    """Read metrics as Prometheus does, by their names without `surveil_`."""
    return {
        sample.name.removeprefix("surveil_"): sample.value
        for family in text_string_to_metric_families(metrics.decode())
        for sample in family.samples
    }


@pytest.mark.parametrize("place", ["database", "files"])
def test_the_oldest_video_makes_room(tmp_path: Path, place: str) -> None:
    """At its limit the camera films on, and the oldest event keeps the reason."""
    film(camera_services(tmp_path, SURVEIL_STORAGE__VIDEOS=place), 1)
    archive = SqliteArchive(tmp_path / "surveillance.db")
    [first] = archive.list_media(limit=9)
    limit = str(int(first.clip_bytes * 1.5))
    services = camera_services(
        tmp_path, SURVEIL_STORAGE__MAX_BYTES=limit, SURVEIL_STORAGE__VIDEOS=place
    )
    film(services, 2)
    assert len(list(tmp_path.glob("videos/*.mp4"))) == (place == "files")
    assert [media.event_ids for media in archive.list_media(limit=9)] == [["evt-2"]]
    told = cast("RecordingAnnouncer", services.announcer)
    assert [notice.videos for notice in told.of(VideosGivenUp)] == [1]


@pytest.mark.parametrize(("host", "can_pin"), [("127.0.0.1", True), ("0.0.0.0", False)])
def test_page_beyond_loopback_takes_no_pins(tmp_path: Path, host: str, can_pin: bool) -> None:
    """There is no log-in. The broker, which is not there, is of no matter."""
    port = free_port()
    environment = {
        "SURVEIL_STORAGE__DATA_DIR": str(tmp_path),
        "SURVEIL_MQTT__PORT": str(free_port()),
        "SURVEIL_WEB__HOST": host,
        "SURVEIL_WEB__PORT": str(port),
    }
    services = EdgeServices(
        settings=config.load(None, environment),
        stop=threading.Event(),
        announcer=RecordingAnnouncer(),
    )
    with services.web():
        site = requests.get(f"http://127.0.0.1:{port}/api/devices", timeout=10).json()
    assert site["can_pin"] is can_pin
