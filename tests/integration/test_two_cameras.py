"""Two cameras in one program: each films for its own sensor, and neither knows of the other."""

import threading
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from apps.edge import config
from apps.edge.services import EdgeServices
from surveil_adapters.spool import DiskSpool
from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_core.notices import CameraReady, ClipStored, RecordingStarted
from surveil_core.ports.event_store import ReceivedEvent
from surveil_core.ports.recorder import Trigger
from surveil_core.ports.spool import FilmedEvent
from surveil_core.services.assigning import AssigningRecorder
from tests.examples import MOTION_EVENT
from tests.fakes.announcer import RecordingAnnouncer
from tests.footage import TRIGGERED_AT_UTC, label_of, pictures
from tests.integration.sqlite_files import query
from tests.rig.camera import children

pytest_plugins = ["tests.rig.camera_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_is_left")

ENTRANCE, GARDEN = 17, 5
TOML = f"""
[[sensors]]
kind = "motion"
name = "PIR Entrée"
pin = {ENTRANCE}

[[sensors]]
kind = "motion"
name = "PIR Jardin"
pin = {GARDEN}

[[cameras]]
source = "synthetic"
resolution = "320x180"

[[cameras]]
source = "synthetic"
resolution = "160x120"
name = "Jardin"
sensors = ["PIR Jardin"]

[recording]
pre_roll_s = 0.2
duration_s = 1
"""


def make_services(folder: Path, toml: str, *, place: str = "database") -> EdgeServices:
    """Make the services of a program."""
    file = folder / "surveil.toml"
    file.write_text(toml, encoding="utf-8")
    environment = {
        "SURVEIL_STORAGE__DATA_DIR": str(folder / "data"),
        "SURVEIL_STORAGE__VIDEOS": place,
    }
    settings = config.load(file, environment)
    return EdgeServices(settings=settings, stop=threading.Event(), announcer=RecordingAnnouncer())


@pytest.fixture(params=["database", "files"])
def services(request: pytest.FixtureRequest, tmp_path: Path) -> EdgeServices:
    """Make the services of a program with two cameras, whose videos go to either place."""
    return make_services(tmp_path, TOML, place=request.param)


def store_event(
    services: EdgeServices, number: int, pin: int, device_id: str = MOTION_EVENT.device_id
) -> Trigger:
    """Store a motion of the sensor at a pin, which happens now."""
    event = evolve(
        MOTION_EVENT,
        event_id=f"evt-{number}",
        device_id=device_id,
        data={"gpio_pin": pin, "state": "HIGH"},
    )
    received = ReceivedEvent(
        event=event,
        topic="sensor/motion",
        received_at_utc=services.clock.now_utc(),
        to_film=True,
    )
    with closing(SqliteEventStore(services.database)) as store:
        [stored] = store.add_events([received]).rows
    return Trigger(
        event_row_id=stored.row_id,
        event_id=event.event_id,
        event_type=event.type,
        at_s=services.clock.monotonic_s(),
        gpio_pin=event.gpio_pin,
    )


def run_until_told(services: EdgeServices, kind: type, count: int, *triggers: Trigger) -> None:
    """Run both cameras, have what `triggers` ask filmed once they are ready."""
    announcer = services.announcer
    assert isinstance(announcer, RecordingAnnouncer)
    recorder = AssigningRecorder(assignment=services.assignment, recorders=services.filmings)
    give_up_at_s = services.clock.monotonic_s() + 20
    with services.camera(1) as entrance, services.camera(2) as garden:
        waiting = list(triggers)
        while waiting or len(announcer.of(kind)) < count:
            entrance(0.02)
            garden(0.02)
            if waiting and len(announcer.of(CameraReady)) >= 2:
                recorder.trigger(waiting.pop(0))
            assert len(children()) <= 2, "a camera has two owners"
            assert services.clock.monotonic_s() < give_up_at_s, announcer.notices


def test_cameras_make_room_in_turn(services: EdgeServices) -> None:
    """Two that look at the same time would delete twice as much as is needed."""
    with closing(services.video_stock()) as stock:
        one, other = (services.retaining(stock, camera_number=number) for number in (1, 2))
    assert one.turn is other.turn
    assert (one.camera_number, other.camera_number) == (1, 2)


def test_each_camera_films_for_its_sensor(services: EdgeServices) -> None:
    """At the same time, into clips of their own that say whose they are."""
    assert {"camera", "camera-2"} <= set(services.named(["surveillance"]))
    triggers = [store_event(services, 1, ENTRANCE), store_event(services, 2, GARDEN)]
    run_until_told(services, ClipStored, 2, *triggers)
    path = services.settings.storage.database
    assert query(
        path,
        "SELECT e.event_id, m.numero_camera, c.nom_capteur, m.resolution FROM media m"
        " JOIN evenement e USING (id_evenement) JOIN capteur c ON c.id_capteur = m.id_capteur"
        " ORDER BY e.event_id",
    ) == [("evt-1", 1, "Caméra 1", "320x180"), ("evt-2", 2, "Jardin", "160x120")]
    assert query(path, "SELECT count(*) FROM travail_clip") == [(0,)]
    records = SqliteArchive(path).list_media(limit=9)
    assert {(one.camera_number, one.camera_name) for one in records} == {
        (1, "Caméra 1"),
        (2, "Jardin"),
    }
    text = services.metrics().decode()
    for number in (1, 2):
        assert f'surveil_clips_stored_total{{camera="{number}"}} 1.0' in text


def test_each_camera_resumes_what_it_owes(services: EdgeServices) -> None:
    """Events whose triggers a crash took: each is filmed by its own camera, once.

    Another device's sensor at the same pin is not that of the garden.
    """
    services.database.initialise()
    store_event(services, 1, GARDEN)
    store_event(services, 2, ENTRANCE)
    store_event(services, 3, GARDEN, "raspberry-2")
    run_until_told(services, ClipStored, 2)
    announcer = services.announcer
    assert isinstance(announcer, RecordingAnnouncer)
    begun = {notice.event_id: notice.spool_path for notice in announcer.of(RecordingStarted)}
    assert Path(begun["evt-1"]).parent.name == "camera-2"
    assert Path(begun["evt-2"]).parent.name == "spool"
    path = services.settings.storage.database
    assert query(
        path,
        "SELECT e.event_id, m.numero_camera FROM media m JOIN media_evenement USING (id_media)"
        " JOIN evenement e ON e.id_evenement = media_evenement.id_evenement ORDER BY e.event_id",
    ) == [("evt-1", 2), ("evt-2", 1), ("evt-3", 1)]


def test_what_a_camera_left_that_was_taken_out_is_stored(tmp_path: Path) -> None:
    """The footage of the crash is there; nobody says that nothing was filmed."""
    before = make_services(tmp_path, TOML)
    trigger = store_event(before, 1, GARDEN)
    spool = DiskSpool(tmp_path / "data" / "spool" / "camera-2")
    spool.open()
    event = FilmedEvent(event_row_id=trigger.event_row_id, event_id=trigger.event_id)
    writer = spool.start_clip(evolve(label_of(), event=event, camera_number=2))
    for unit in pictures():
        writer.append(unit)
    writer.finish(triggered_at_utc=TRIGGERED_AT_UTC)
    spool.close()
    second = TOML.index("[[cameras]]", TOML.index("[[cameras]]") + 1)
    services = make_services(tmp_path, TOML[:second])
    announcer = services.announcer
    assert isinstance(announcer, RecordingAnnouncer)
    give_up_at_s = services.clock.monotonic_s() + 20
    with services.camera(1) as step:
        while not announcer.of(ClipStored):
            step(0.02)
            assert services.clock.monotonic_s() < give_up_at_s, announcer.notices
    [stored] = SqliteArchive(services.settings.storage.database).list_media(limit=9)
    assert (stored.event_ids, stored.camera_name) == ([trigger.event_id], "Jardin")
