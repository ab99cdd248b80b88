"""The SQLite stores on real files: the contracts, the spec's queries, and bad days."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from attrs import define, evolve

from surveil_adapters.sqlite.alert_store import SqliteAlertStore
from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.file_media_store import FileMediaStore
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.errors import ConfigurationError, DataLost, StoreUnavailable
from surveil_core.events import PinState, SensorKind
from surveil_core.messages import parse_sensor_message
from surveil_core.ports.camera import Clip
from surveil_core.ports.media_store import MediaStore
from surveil_core.ports.preview import ClipPreview
from surveil_core.vocabulary import FACTS_BY_KIND, KIND_BY_EVENT_TYPE
from tests.contracts.alert_store import AlertStoreContract, add
from tests.contracts.archive import ArchiveContract, MakeArchive
from tests.contracts.event_store import EventStoreContract, received
from tests.contracts.event_store import add as add_to
from tests.contracts.media_store import MediaStoreContract
from tests.examples import (
    MOTION_EVENT,
    SENSORS,
    clip_at,
    clip_of,
    event_number,
)
from tests.integration.sqlite_files import mounted_disk, python, query
from tests.integration.stored_clips import MEDIA_STORES
from tests.waiting import wait_for

MIB = 1024 * 1024


@pytest.fixture
def db(tmp_path: Path) -> SurveillanceDb:
    """Name a database that does not exist yet."""
    return SurveillanceDb(path=tmp_path / "data" / "surveillance.db", sensors=SENSORS)


@pytest.fixture
def events(db: SurveillanceDb) -> Iterator[SqliteEventStore]:
    """Write events to `db`."""
    with closing(SqliteEventStore(db)) as store:
        yield store


@pytest.fixture
def media(db: SurveillanceDb) -> Iterator[SqliteMediaStore]:
    """Write clips to `db`."""
    with closing(SqliteMediaStore(db)) as store:
        yield store


@pytest.fixture(params=MEDIA_STORES)
def either(request: pytest.FixtureRequest, db: SurveillanceDb) -> Iterator[MediaStore]:
    """Write clips into the database in one run, into files in the other."""
    with closing(MEDIA_STORES[request.param](db)) as store:
        yield store


@pytest.fixture
def add_event(events: SqliteEventStore) -> Callable[..., int]:
    """Store one event, the spec's unless told, and return its row id."""

    def add_event(event=MOTION_EVENT) -> int:
        topic = FACTS_BY_KIND[KIND_BY_EVENT_TYPE[event.type]].topic
        (stored,) = events.add_events([received(event, topic)]).rows
        return stored.row_id

    return add_event


def sqlite3_command(path: Path, sql: str) -> str:
    """Read with the command that the spec uses."""
    command = shutil.which("sqlite3")
    if command is None:
        pytest.skip("the `sqlite3` command is not installed")
    ran = subprocess.run([command, path, sql], capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    return ran.stdout.strip()


# --- contracts --------------------------------------------------------------------


class TestSqliteEventStore(EventStoreContract):
    @pytest.fixture
    def store(self, events: SqliteEventStore) -> SqliteEventStore:
        return events


class TestSqliteMediaStore(MediaStoreContract):
    @pytest.fixture
    def store(self, media: SqliteMediaStore, add_event: Callable[..., int]) -> SqliteMediaStore:
        for number in (1, 2, 3):
            add_event(event_number(number))
        return media

    def test_missing_file_is_unavailable_and_harmless(
        self, store: SqliteMediaStore, tmp_path: Path
    ) -> None:
        """A clip whose file is gone is refused, naming the file; the next one is stored."""
        with pytest.raises(StoreUnavailable, match=r"gone\.mp4"):
            store.add_clip(clip_at(tmp_path / "gone.mp4", clip_bytes=5), event_row_ids=[1])
        assert store.add_clip(clip_of(tmp_path / "clip.mp4", b"video"), event_row_ids=[1]) == 1

    def test_closed_store_refuses(self, store: SqliteMediaStore, tmp_path: Path) -> None:
        """After closing clips are refused as unavailable."""
        store.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            store.add_clip(clip_of(tmp_path / "clip.mp4", b"video"), event_row_ids=[1])


class TestFileMediaStore(TestSqliteMediaStore):
    @pytest.fixture
    def media(self, db: SurveillanceDb) -> Iterator[FileMediaStore]:
        with closing(FileMediaStore(db)) as store:
            yield store


class TestSqliteArchive(ArchiveContract):
    @pytest.fixture
    def make_archive(
        self,
        db: SurveillanceDb,
        media: MediaStore,
        add_event: Callable[..., int],
        tmp_path: Path,
    ) -> MakeArchive:
        def make(events, clips) -> SqliteArchive:
            db.initialise()
            row_ids = [add_event(event) for event in events]
            for clip in clips:
                media.add_clip(
                    clip_of(tmp_path / "clip.mp4", clip.video),
                    event_row_ids=[row_ids[index] for index in clip.event_indexes],
                    preview=clip.preview,
                )
            return SqliteArchive(db.path)

        return make


class TestSqliteArchiveOfFiles(TestSqliteArchive):
    @pytest.fixture
    def media(self, db: SurveillanceDb) -> Iterator[FileMediaStore]:
        with closing(FileMediaStore(db)) as store:
            yield store


class TestSqliteArchiveOfBoth(TestSqliteArchive):
    @pytest.fixture
    def media(self, db: SurveillanceDb) -> Iterator[MediaStore]:
        with closing(SqliteMediaStore(db)) as first, closing(FileMediaStore(db)) as second:
            yield AlternatingStore([first, second])


@define
class AlternatingStore:
    """A `MediaStore` that stores each clip elsewhere, as after a change of the setting."""

    _stores: list[MediaStore]

    def add_clip(
        self, clip: Clip, *, event_row_ids: Sequence[int], preview: ClipPreview | None = None
    ) -> int:
        self._stores.append(self._stores.pop(0))
        return self._stores[0].add_clip(clip, event_row_ids=event_row_ids, preview=preview)

    def close(self) -> None:
        for store in self._stores:
            store.close()


class TestSqliteAlertStore(AlertStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SqliteAlertStore]:
        with closing(SqliteAlertStore(tmp_path / "data" / "backend.db")) as store:
            yield store


# --- opening ----------------------------------------------------------------------


def test_default_sensors_have_the_numbers_of_the_spec(db: SurveillanceDb) -> None:
    """Ids 1 to 4 are the PIR, the button, the mat and the camera; again changes nothing."""
    db.initialise()
    db.initialise()
    rows = query(db.path, "SELECT id_capteur, nom_capteur, type_capteur, gpio_pin FROM capteur")
    assert rows == [
        (1, "PIR Entrée", "motion", 17),
        (2, "Bouton Entrée", "button", 27),
        (3, "Tapis Entrée", "pressure", 22),
        (4, "Caméra 1", "camera", None),
    ]


def test_renamed_sensor_keeps_its_number(db: SurveillanceDb) -> None:
    """A new name in the configuration renames the row; a new sensor gets a new row."""
    db.initialise()
    renamed = evolve(SENSORS[0], name="PIR Garage", location="Garage")
    added = evolve(SENSORS[0], name="PIR Jardin", pin=5)
    evolve(db, sensors=[renamed, *SENSORS[1:], added], camera_names=("Caméra Garage",)).initialise()
    rows = query(db.path, "SELECT id_capteur, nom_capteur, emplacement FROM capteur")
    assert rows == [
        (1, "PIR Garage", "Garage"),
        (2, "Bouton Entrée", "Entrée"),
        (3, "Tapis Entrée", "Entrée"),
        (4, "Caméra Garage", None),
        (5, "PIR Jardin", "Entrée"),
    ]


@pytest.mark.parametrize("place", MEDIA_STORES)
def test_camera_that_is_taken_out_keeps_its_name(
    db: SurveillanceDb, tmp_path: Path, place: str
) -> None:
    """The next one moves up to its number, and has its own row all the same."""
    clip = clip_of(tmp_path / "clip.mp4", b"video")
    both = evolve(db, camera_names=("Entrée", "Jardin"))
    garden = evolve(db, camera_names=("Jardin",))
    with closing(SqliteEventStore(both)) as events:
        events.add_events([received()])
    for one_db, number in ((both, 1), (both, 2), (garden, 1), (garden, 2), (garden, 9)):
        with closing(MEDIA_STORES[place](one_db)) as media:
            media.add_clip(evolve(clip, camera_number=number), event_row_ids=[1])
    listed = SqliteArchive(db.path).list_media(limit=9)
    names = ["Entrée", "Jardin", "Jardin", "Jardin", "Entrée"]
    assert [one.camera_name for one in reversed(listed)] == names


def test_file_is_prepared_for_an_sd_card(db: SurveillanceDb) -> None:
    """The file shrinks by steps and keeps no WAL; each connection commits to the disk."""
    with closing(db.connect()) as connection:
        settings = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("auto_vacuum", "journal_mode", "synchronous", "foreign_keys")
        }
    assert settings == {
        "auto_vacuum": 2,
        "journal_mode": "truncate",
        "synchronous": 2,
        "foreign_keys": 1,
    }


@pytest.mark.parametrize("store", ["surveillance", "backend"])
def test_file_of_a_later_release_is_refused(db: SurveillanceDb, store: str) -> None:
    """A newer schema is left alone; the text names both versions and what to do."""
    opener = db if store == "surveillance" else SqliteAlertStore(db.path)
    opener.initialise()
    with closing(sqlite3.connect(db.path)) as connection:
        connection.execute("PRAGMA user_version = 9")
    with pytest.raises(ConfigurationError, match=r"version 9.*up to \d.*install"):
        opener.initialise()


def test_tables_of_another_program_are_refused(db: SurveillanceDb) -> None:
    """A database that is not ours, such as a prototype's, is left as it is."""
    db.path.parent.mkdir()
    with closing(sqlite3.connect(db.path)) as connection:
        connection.execute("CREATE TABLE evenement (id INTEGER)")
    with pytest.raises(ConfigurationError, match="another program made: move it aside"):
        db.initialise()
    assert query(db.path, "SELECT name FROM sqlite_master") == [("evenement",)]


def test_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    """Where a file stands in the folder's place, the text names the database."""
    (tmp_path / "data").write_text("in the way")
    db = SurveillanceDb(path=tmp_path / "data" / "surveillance.db", sensors=SENSORS)
    with pytest.raises(StoreUnavailable, match=r"surveillance\.db"):
        db.initialise()


def test_file_that_is_no_database_is_unavailable(db: SurveillanceDb) -> None:
    """Foreign bytes are not touched, and the text says to move them aside."""
    db.path.parent.mkdir()
    db.path.write_bytes(b"not a database, " * 100)
    with pytest.raises(StoreUnavailable, match="move it aside"):
        db.initialise()
    assert db.path.read_bytes() == b"not a database, " * 100


def test_archive_without_a_file_is_unavailable(tmp_path: Path) -> None:
    """A reader makes no file; it says what is missing."""
    archive = SqliteArchive(tmp_path / "surveillance.db")
    with pytest.raises(StoreUnavailable, match="has run"):
        archive.list_events(after=None, limit=1)
    assert list(tmp_path.iterdir()) == []


def test_two_processes_may_initialise_at_once(db: SurveillanceDb) -> None:
    """Four programs that start together find one sound database with four sensors."""
    program = (
        "import sys; from pathlib import Path\n"
        "from surveil_adapters.sqlite.surveillance_db import SurveillanceDb\n"
        "from tests.examples import SENSORS\n"
        "sys.stdin.readline()\n"
        "SurveillanceDb(path=Path(sys.argv[1]), sensors=SENSORS).initialise()\n"
    )
    started = [python(program, str(db.path), stdin=subprocess.PIPE) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda process: process.communicate(b"go\n", timeout=60), started))
    assert [process.returncode for process in started] == [0, 0, 0, 0]
    assert query(db.path, "SELECT count(*), max(id_capteur) FROM capteur") == [(4, 4)]
    assert query(db.path, "PRAGMA integrity_check") == [("ok",)]
    assert query(db.path, "PRAGMA auto_vacuum") == [(2,)]


# --- what the rows say ------------------------------------------------------------


def test_event_row_has_the_meanings_of_the_spec(
    db: SurveillanceDb, add_event: Callable[..., int]
) -> None:
    """The spec's event becomes the spec's row."""
    add_event(evolve(MOTION_EVENT, extra={"clock_synced": True}))
    (row,) = query(
        db.path,
        "SELECT id_evenement, event_id, date_evenement, timestamp, etat_capteur, id_capteur,"
        " device_id, type_evenement, source, date_reception FROM evenement",
    )
    assert row == (
        1,
        "evt-1737123456-abc123",
        "2025-01-15T14:30:45.123456",
        1736951445.123456,
        1,
        1,
        "raspberry-1",
        "MOTION_DETECTED",
        "PIR",
        "2025-01-15T14:30:45.678000",
    )
    assert json.loads(query(db.path, "SELECT metadata FROM evenement")[0][0]) == {
        "data": {"gpio_pin": 17, "state": "HIGH"},
        "clock_synced": True,
        "mqtt_topic": "sensor/motion",
    }


@pytest.mark.parametrize(
    ("data", "etat"),
    [({"state": PinState.HIGH}, 1), ({"state": PinState.LOW}, 0), ({}, 1)],
)
def test_etat_capteur_is_the_level(
    db: SurveillanceDb, add_event: Callable[..., int], data: dict[str, PinState], etat: int
) -> None:
    """HIGH is 1, LOW is 0; an event that tells no level counts as 1."""
    add_event(evolve(MOTION_EVENT, data=data))
    assert query(db.path, "SELECT etat_capteur FROM evenement") == [(etat,)]


@pytest.mark.parametrize(
    ("kind", "pin", "sensor_row_id"),
    [
        (SensorKind.MOTION, 17, 1),
        (SensorKind.MOTION, 5, 4),
        (SensorKind.MOTION, 6, 1),
        (SensorKind.MOTION, None, 1),
        (SensorKind.BUTTON, 17, 2),
        (SensorKind.PRESSURE, 22, 3),
    ],
)
def test_sensor_is_found_by_line_then_by_kind(
    db: SurveillanceDb, kind: SensorKind, pin: int | None, sensor_row_id: int
) -> None:
    """The sensor on the event's line and of its kind, else the first of its kind."""
    second_pir = evolve(SENSORS[0], name="PIR Jardin", pin=5)
    data = {} if pin is None else {"gpio_pin": pin}
    with closing(SqliteEventStore(evolve(db, sensors=[*SENSORS, second_pir]))) as store:
        add_to(store, evolve(event_number(1, kind), data=data))
    assert query(db.path, "SELECT id_capteur FROM evenement") == [(sensor_row_id,)]


def test_event_of_an_unconfigured_kind_gets_a_sensor(
    db: SurveillanceDb, add_event: Callable[..., int]
) -> None:
    """An event always joins a sensor; where none of its kind is configured, one is added."""
    with closing(SqliteEventStore(evolve(db, sensors=SENSORS[:1]))) as store:
        for number in (1, 2):
            add_to(store, event_number(number, SensorKind.BUTTON))
    names = query(
        db.path, "SELECT nom_capteur, gpio_pin FROM evenement JOIN capteur USING (id_capteur)"
    )
    assert names == [("Bouton Entrée", 27)] * 2


def test_extremes_of_a_message_are_stored(
    db: SurveillanceDb, add_event: Callable[..., int]
) -> None:
    """What the parser takes the table takes: huge numbers, odd keys, the first year."""
    payload = (
        b'{"event_id":"e","device_id":"d","source":"s","type":"MOTION_DETECTED","data":'
        b'{"n":123456789012345678901234567890,"x":1e308,"\\u0000":"\\u0000"},'
        b'"timestamp":"0001-01-01T00:00:00","":[]}'
    )
    add_event(parse_sensor_message(payload))
    (record,) = SqliteArchive(db.path).list_events(after=0, limit=1)
    assert record.data == {"n": 123456789012345678901234567890, "x": 1e308, "\x00": "\x00"}
    assert record.occurred_at_utc.year == 1


def test_media_row_has_the_meanings_of_the_spec(
    db: SurveillanceDb, media: SqliteMediaStore, add_event: Callable[..., int], tmp_path: Path
) -> None:
    """The spec's video becomes the spec's row, `duree` being a whole number of seconds."""
    video = os.urandom(2_457_600)
    clip = evolve(clip_of(tmp_path / "clip.mp4", video), duration_s=10.0, pre_roll_s=0.0)
    media.add_clip(clip, event_row_ids=[add_event()])
    row = sqlite3_command(
        db.path,
        "SELECT id_media, type_media, taille, duree, id_evenement, id_capteur, numero_camera,"
        " resolution, codec, length(video), date_debut, duree_preroll FROM media",
    )
    assert row == ("1|video|2457600|10|1|4|1|1280x720|h264|2457600|2025-01-15T14:30:42.123456|0")
    assert query(db.path, "SELECT video FROM media") == [(video,)]


def test_queries_of_the_spec_work_as_printed(
    db: SurveillanceDb, either: MediaStore, add_event: Callable[..., int], tmp_path: Path
) -> None:
    """Both SQL queries of the spec answer through the `sqlite3` command."""
    for number in range(7):
        row_id = add_event(event_number(number))
    either.add_clip(clip_of(tmp_path / "clip.mp4", b"video"), event_row_ids=[row_id])
    latest = sqlite3_command(
        db.path,
        """SELECT e.event_id, e.date_evenement, c.nom_capteur
   FROM evenement e
   JOIN capteur c ON e.id_capteur = c.id_capteur
   ORDER BY e.timestamp DESC LIMIT 5;""",
    ).splitlines()
    assert len(latest) == 5
    assert latest[0] == "evt-1737123462-000006|2025-01-15T14:30:51.123456|PIR Entrée"
    assert sqlite3_command(db.path, "SELECT COUNT(*) FROM media;") == "1"
    assert sqlite3_command(db.path, "PRAGMA integrity_check") == "ok"
    assert sqlite3_command(db.path, "PRAGMA foreign_key_check") == ""


def test_clip_of_an_unknown_event_leaves_nothing(
    db: SurveillanceDb, either: MediaStore, add_event: Callable[..., int], tmp_path: Path
) -> None:
    """A clip must point at events that exist; a refused one leaves no row behind."""
    row_id = add_event()
    clip = clip_of(tmp_path / "clip.mp4", b"video")
    with pytest.raises(DataLost, match="rule of the schema"):
        either.add_clip(clip, event_row_ids=[row_id, row_id + 1])
    assert query(
        db.path, "SELECT (SELECT count(*) FROM media) + count(*) FROM media_evenement"
    ) == [(0,)]
    assert either.add_clip(clip, event_row_ids=[row_id, row_id]) > 0


def test_cursor_never_goes_back(db: SurveillanceDb, add_event: Callable[..., int]) -> None:
    """After the newest event was deleted, the next one still lies behind its cursor."""
    newest = [add_event(event_number(number)) for number in (1, 2)][-1]
    with closing(sqlite3.connect(db.path)) as connection, connection:
        connection.execute("DELETE FROM evenement WHERE id_evenement = ?", (newest,))
    assert add_event(event_number(3)) > newest


# --- several at once --------------------------------------------------------------


def test_two_threads_write_one_file(
    db: SurveillanceDb, either: MediaStore, add_event: Callable[..., int], tmp_path: Path
) -> None:
    """Events and clips are written by two threads; all arrive and the file is sound."""
    clip = clip_of(tmp_path / "clip.mp4", os.urandom(MIB))
    trigger = add_event()
    with ThreadPoolExecutor(2) as pool:
        storing = pool.submit(lambda: [add_event(event_number(n)) for n in range(1, 31)])
        filming = pool.submit(
            lambda: [either.add_clip(clip, event_row_ids=[trigger]) for _ in range(5)]
        )
        assert len(set(storing.result(timeout=60))) == 30
        assert len(set(filming.result(timeout=60))) == 5
    assert query(db.path, "PRAGMA integrity_check") == [("ok",)]
    assert query(db.path, "SELECT count(*) FROM evenement") == [(31,)]


@pytest.mark.parametrize("store", ["surveillance", "backend"])
def test_locked_database_is_unavailable_then_recovers(
    tmp_path: Path, db: SurveillanceDb, store: str
) -> None:
    """While another program holds the file events are refused, afterwards taken."""
    alerts, events = SqliteAlertStore(tmp_path / "backend.db"), SqliteEventStore(db)

    def write() -> bool:
        if store == "backend":
            return add(alerts).is_new
        return add_to(events).is_new

    (alerts if store == "backend" else db).initialise()
    path = alerts.path if store == "backend" else db.path
    with closing(alerts), closing(events):
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StoreUnavailable, match=rf"{path.name}: .*locked.*another program"):
                write()
        assert write()


def test_reader_sees_whole_clips_only_while_one_is_written(
    db: SurveillanceDb, either: MediaStore, add_event: Callable[..., int], tmp_path: Path
) -> None:
    """Readers go on while clips are written, and never see a part of one."""
    archive = SqliteArchive(db.path)
    trigger = add_event()
    first = os.urandom(MIB)
    either.add_clip(clip_of(tmp_path / "first.mp4", first), event_row_ids=[trigger])
    second = clip_of(tmp_path / "second.mp4", os.urandom(20 * MIB))
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(either.add_clip, second, event_row_ids=[trigger])
        while not writing.done():
            assert archive.read_video(1, offset=MIB // 2, length=1000) == first[MIB // 2 :][:1000]
            assert {record.media_id for record in archive.list_media(limit=9)} <= {1, 2}
        assert writing.result() == 2
    tail = archive.read_video(2, offset=20 * MIB - 10, length=100)
    assert tail == second.video_path.read_bytes()[-10:]


# --- bad days ---------------------------------------------------------------------


def test_closed_files_leave_nothing_open(
    db: SurveillanceDb, either: MediaStore, add_event: Callable[..., int], tmp_path: Path
) -> None:
    """After a read and a close, no descriptor of the database or of a video stays."""
    either.add_clip(clip_of(tmp_path / "c.mp4", b"x" * MIB), event_row_ids=[add_event()])
    either.close()
    archive = SqliteArchive(db.path)
    before = _descriptors_in(db.path.parent)
    archive.read_video(1, offset=0, length=10)
    archive.list_events(after=None, limit=1)
    assert _descriptors_in(db.path.parent) == before


def _descriptors_in(data_dir: Path) -> int:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("this system has no /proc to count descriptors in")
    links = [os.readlink(link) for link in folder.iterdir() if link.is_symlink()]
    return sum(str(data_dir) in link for link in links)


def test_clip_file_that_is_cut_short_leaves_nothing(
    db: SurveillanceDb, either: MediaStore, add_event: Callable[..., int]
) -> None:
    """A file that ends before its size is refused as a whole; no row stays."""
    short = Path("/sys/devices/system/cpu/online")
    if not short.is_file():
        pytest.skip("this system has no /sys, whose files claim 4096 bytes and hold less")
    row_id = add_event()
    with pytest.raises(StoreUnavailable, match="of 4096 bytes are missing"):
        either.add_clip(clip_at(short, clip_bytes=4096), event_row_ids=[row_id])
    assert query(db.path, "SELECT count(*) FROM media") == [(0,)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 4 MB."""
    with mounted_disk(tmp_path / "small") as folder:
        yield folder


@pytest.mark.parametrize("place", MEDIA_STORES)
def test_full_disk_is_unavailable_then_recovers(
    small_disk: Path, tmp_path: Path, place: str
) -> None:
    """A clip that does not fit is refused in words; events and small clips go on."""
    db = SurveillanceDb(path=small_disk / "surveillance.db", sensors=SENSORS)
    with closing(SqliteEventStore(db)) as events, closing(MEDIA_STORES[place](db)) as media:
        row_id = add_to(events).row_id
        large = clip_of(tmp_path / "large.mp4", bytes(6 * MIB))
        with pytest.raises(StoreUnavailable, match=r"small.*free some space"):
            media.add_clip(large, event_row_ids=[row_id])
        assert add_to(events, event_number(1)).is_new
        small = clip_of(tmp_path / "small.mp4", bytes(MIB))
        assert media.add_clip(small, event_row_ids=[row_id]) == 1
    assert query(db.path, "PRAGMA integrity_check") == [("ok",)]


LARGE_CLIP_BYTES = 100 * MIB


def test_memory_is_bounded_while_a_large_clip_is_written_and_read(
    db: SurveillanceDb, either: MediaStore, add_event: Callable[..., int], tmp_path: Path
) -> None:
    """A clip of 100 MB passes through a few chunks of Python's memory."""
    clip = _sparse_clip(tmp_path / "large.mp4")
    row_id = add_event()
    tracemalloc.start()
    try:
        either.add_clip(clip, event_row_ids=[row_id])
        SqliteArchive(db.path).read_video(1, offset=LARGE_CLIP_BYTES - 10, length=MIB)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2 * MIB


@pytest.mark.parametrize("place", MEDIA_STORES)
def test_process_stays_small_while_a_large_clip_is_written(
    db: SurveillanceDb, add_event: Callable[..., int], tmp_path: Path, place: str
) -> None:
    """SQLite too keeps little of a clip of 100 MB: the whole process grows by under 24 MB."""
    if not Path("/proc/self/status").is_file():
        pytest.skip("this system has no /proc to read a process's size from")
    add_event()
    clip = _sparse_clip(tmp_path / "large.mp4")
    program = WRITER + (
        "def peak():\n"
        "    lines = open('/proc/self/status').read().splitlines()\n"
        "    return next(int(l.split()[1]) for l in lines if l.startswith('VmHWM')) // 1024\n"
        "before = peak(); store.add_clip(clip, event_row_ids=[1]); print(peak() - before)\n"
        "store.close()\n"
    )
    writer = python(program, str(db.path), str(clip.video_path), place, stdout=subprocess.PIPE)
    grown_mib, _ = writer.communicate(timeout=120)
    assert writer.returncode == 0
    assert int(grown_mib) < 24


def test_killed_writer_leaves_a_sound_database(
    db: SurveillanceDb, add_event: Callable[..., int], events: SqliteEventStore, tmp_path: Path
) -> None:
    """A process killed in the middle of a clip: nothing of it stays, the next one is stored."""
    add_event()
    events.close()
    clip = _sparse_clip(tmp_path / "large.mp4")
    before_bytes = db.path.stat().st_size
    program = WRITER + "store.add_clip(clip, event_row_ids=[1])\n"
    writer = python(program, str(db.path), str(clip.video_path), "database")
    try:
        wait_for("the clip's first bytes", lambda: db.path.stat().st_size > before_bytes + 8 * MIB)
    finally:
        writer.send_signal(signal.SIGKILL)
    assert writer.wait(timeout=30) == -signal.SIGKILL
    assert db.path.with_name("surveillance.db-journal").stat().st_size > 0

    archive = SqliteArchive(db.path)
    assert list(archive.list_media(limit=10)) == []
    assert query(db.path, "PRAGMA integrity_check") == [("ok",)]
    with closing(SqliteMediaStore(db)) as store:
        assert store.add_clip(clip_of(tmp_path / "next.mp4", b"v"), event_row_ids=[1]) == 1


WRITER = (
    "import sys; from pathlib import Path\n"
    "from surveil_adapters.sqlite.surveillance_db import SurveillanceDb\n"
    "from tests.examples import SENSORS, clip_at\n"
    "from tests.integration.stored_clips import MEDIA_STORES\n"
    "db = SurveillanceDb(path=Path(sys.argv[1]), sensors=SENSORS)\n"
    "store = MEDIA_STORES[sys.argv[3]](db)\n"
    "clip = clip_at(Path(sys.argv[2]), clip_bytes=0)\n"
)


def _sparse_clip(path: Path) -> Clip:
    with path.open("wb") as file:
        file.truncate(LARGE_CLIP_BYTES)
    return clip_at(path, clip_bytes=LARGE_CLIP_BYTES)
