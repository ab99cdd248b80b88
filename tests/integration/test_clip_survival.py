"""The surveillance program killed, locked out and started again: every event keeps its clip."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from surveil_adapters.sqlite.archive import SqliteArchive
from tests.integration.sqlite_files import query
from tests.rig.brokers import Address
from tests.rig.programs import Program, program
from tests.waiting import wait_for

CLIP_S = 4
READY = "Service de surveillance démarré"
FILMING = "Démarrage enregistrement"


@pytest.fixture
def place() -> str:
    """Say where videos go, unless the test does."""
    return "database"


@pytest.fixture
def settings(broker: Address, device_id: str, data_dir: Path, place: str) -> Mapping[str, object]:
    """Film a test picture for `CLIP_S` an event."""
    return {
        "MQTT__HOST": broker.host,
        "MQTT__PORT": broker.port,
        "DEVICE__ID": device_id,
        "STORAGE__DATA_DIR": data_dir,
        "STORAGE__VIDEOS": place,
        "CAMERA__SOURCE": "synthetic",
        "CAMERA__RESOLUTION": "320x240",
        "RECORDING__DURATION_S": CLIP_S,
        "RECORDING__PRE_ROLL_S": 1,
    }


@contextmanager
def surveillance(settings: Mapping[str, object]) -> Iterator[Program]:
    """Run it until its camera films and it takes events."""
    with program("apps.edge", "run", "surveillance", settings=settings) as running:
        running.wait_for_text(READY)
        running.wait_for_text("Caméra prête")
        yield running


def move(settings: Mapping[str, Any], event_id: str) -> None:
    """Publish a motion."""
    document = {
        "event_id": event_id,
        "device_id": settings["DEVICE__ID"],
        "source": "PIR",
        "type": "MOTION_DETECTED",
        "data": {"gpio_pin": 17, "state": "HIGH"},
        "timestamp": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds"),
    }
    address = ["-h", str(settings["MQTT__HOST"]), "-p", str(settings["MQTT__PORT"])]
    message = ["-q", "1", "-t", "sensor/motion", "-m", json.dumps(document)]
    subprocess.run(["mosquitto_pub", *address, *message], check=True, timeout=10)


def database(settings: Mapping[str, Any]) -> Path:
    return Path(settings["STORAGE__DATA_DIR"]) / "surveillance.db"


def spool_files(settings: Mapping[str, Any]) -> list[Path]:
    return sorted((Path(settings["STORAGE__DATA_DIR"]) / "spool").iterdir())


def videos(settings: Mapping[str, Any], folder: Path) -> dict[str, tuple[Path, float, int]]:
    """Write each event's video to a file: its path, stored length and mark of salvage."""
    rows = query(
        database(settings),
        "SELECT e.event_id, m.duree, m.recupere, m.id_media, m.taille FROM evenement e"
        " JOIN media_evenement USING (id_evenement) JOIN media m USING (id_media)",
    )
    archive = SqliteArchive(database(settings))
    found = {}
    for event_id, duration_s, salvaged, media_id, clip_bytes in rows:
        assert event_id not in found, "no event has two videos"
        path = folder / f"{event_id}.mp4"
        path.write_bytes(archive.read_video(media_id, offset=0, length=clip_bytes + 1))
        found[event_id] = (path, duration_s, salvaged)
    return found


def play(path: Path) -> tuple[int, float]:
    """Decode every picture; returns their number, and the length that the file tells."""
    entries = ["-count_frames", "-show_entries", "stream=nb_read_frames:format=duration"]
    command = ["ffprobe", "-v", "error", *entries, "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    assert done.stderr == b""
    answer = json.loads(done.stdout)
    return int(answer["streams"][0]["nb_read_frames"]), float(answer["format"]["duration"])


def assert_all_is_there(frames: int, duration_s: float) -> None:
    """Nothing of a second or more is missing; a source that catches up on a pause gives more."""
    assert frames >= 15 * (duration_s - 1)


def wait_for_videos(settings: Mapping[str, Any], count: int, running: Program) -> None:
    """Wait until so many events have a video."""
    try:
        wait_for(
            f"{count} events with a video",
            lambda: (
                query(database(settings), "SELECT count(*) FROM media_evenement")[0][0] >= count
            ),
            within_s=30,
        )
    except AssertionError as error:
        raise AssertionError(f"{error}\n{running.output}") from None


@pytest.mark.parametrize("place", ["database", "files"])
def test_clip_in_hand_survives_kill_9(settings: Mapping[str, Any], tmp_path: Path) -> None:
    """Killed in mid-clip and started again: both its events lead to a clip that plays."""
    with surveillance(settings) as running:
        time.sleep(1.5)  # a pre-roll to be salvaged
        move(settings, "evt-1")
        running.wait_for_text(FILMING)
        move(settings, "evt-2")
        running.wait_for_text("Enregistrement prolongé")
        began_s = time.monotonic()
        time.sleep(3)
        running.process.send_signal(signal.SIGKILL)
        filmed_s = time.monotonic() - began_s
        running.process.wait(10)
    assert [path.suffix for path in spool_files(settings)] == [".h264", ".index"]
    with surveillance(settings) as running:
        wait_for_videos(settings, 2, running)
        assert "Vidéo écourtée pour evt-1" in running.output
        assert running.stop() == 0
    found = videos(settings, tmp_path)
    path, duration_s, salvaged = found["evt-1"]
    assert found["evt-2"][1:] == (duration_s, salvaged)
    assert salvaged == 1
    frames, length_s = play(path)
    assert length_s == pytest.approx(duration_s, abs=0.2)
    assert_all_is_there(frames, duration_s)
    assert filmed_s + 0.5 <= duration_s <= filmed_s + 4
    assert query(database(settings), "SELECT count(*) FROM media") == [(1,)]
    assert query(database(settings), "SELECT count(*) FROM travail_clip") == [(0,)]
    assert query(database(settings), "PRAGMA integrity_check") == [("ok",)]
    assert spool_files(settings) == []


@pytest.mark.parametrize("place", ["database", "files"])
def test_clip_that_the_database_refused_is_stored_once(
    settings: Mapping[str, Any], tmp_path: Path
) -> None:
    """Locked while two clips end; one program later, too: each is stored once, and whole."""
    with surveillance(settings) as running:
        move(settings, "evt-1")
        running.wait_for_text(FILMING)
        with closing(sqlite3.connect(database(settings), isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            running.wait_for_text("Vidéo pas encore enregistrée pour evt-1", within_s=30)
            running.process.send_signal(signal.SIGKILL)
            running.process.wait(10)
            other.execute("ROLLBACK")
    with surveillance(settings) as running:
        wait_for_videos(settings, 1, running)
        move(settings, "evt-2")
        wait_for_videos(settings, 2, running)
        assert running.stop() == 0
    for path, duration_s, salvaged in videos(settings, tmp_path).values():
        assert salvaged == 0
        assert duration_s >= CLIP_S - 0.5
        assert play(path)[1] == pytest.approx(duration_s, abs=0.2)
    assert query(database(settings), "SELECT count(*) FROM media") == [(2,)]
    assert spool_files(settings) == []


def test_database_locked_for_a_while_delays_a_clip_only(
    settings: Mapping[str, Any], tmp_path: Path
) -> None:
    """The same program stores it when the lock is gone, and films on meanwhile."""
    with surveillance(settings) as running:
        move(settings, "evt-1")
        running.wait_for_text(FILMING)
        with closing(sqlite3.connect(database(settings), isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            running.wait_for_text("Vidéo pas encore enregistrée pour evt-1", within_s=30)
            other.execute("ROLLBACK")
        move(settings, "evt-2")
        wait_for_videos(settings, 2, running)
        assert running.stop() == 0
    found = videos(settings, tmp_path)
    assert [salvaged for _, _, salvaged in found.values()] == [0, 0]
    for path, duration_s, _ in found.values():
        frames, length_s = play(path)
        assert length_s == pytest.approx(duration_s, abs=0.2)
        assert_all_is_there(frames, duration_s)
    assert query(database(settings), "SELECT count(*) FROM media") == [(2,)]


def test_event_that_waits_for_the_database_is_filmed_from_before_it(
    settings: Mapping[str, Any], tmp_path: Path
) -> None:
    """As one does that comes while a long video goes in; longer than the ring is kept else."""
    with surveillance(settings) as running:
        time.sleep(2)  # a pre-roll
        with closing(sqlite3.connect(database(settings), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            move(settings, "evt-1")
            time.sleep(CLIP_S + 3)
            assert FILMING not in running.output
            other.execute("ROLLBACK")
        wait_for_videos(settings, 1, running)
        assert running.stop() == 0
    [(path, duration_s, _)] = videos(settings, tmp_path).values()
    frames, length_s = play(path)
    assert length_s == pytest.approx(duration_s, abs=0.2)
    assert_all_is_there(frames, duration_s)
    [(pre_roll_s,)] = query(database(settings), "SELECT duree_preroll FROM media")
    assert 1 <= pre_roll_s <= 3
    assert duration_s - pre_roll_s >= CLIP_S - 0.5


def test_event_whose_filming_never_began(settings: Mapping[str, Any], tmp_path: Path) -> None:
    """Stored, then killed before a picture: young enough it is filmed, else the reason stays."""
    with surveillance(settings) as running:
        move(settings, "evt-1")
        running.wait_for_text(FILMING)
        running.process.send_signal(signal.SIGKILL)
        running.process.wait(10)
    for path in spool_files(settings):
        path.unlink()
    long = {**settings, "RECORDING__DURATION_S": 20}
    with surveillance(long) as running:
        running.wait_for_text(FILMING)
        assert running.stop() == 0
    [(path, duration_s, salvaged)] = videos(settings, tmp_path).values()
    assert salvaged == 0
    assert play(path)[1] == pytest.approx(duration_s, abs=0.2)
    assert query(database(settings), "SELECT duree_preroll FROM media") == [(0,)]


def test_job_that_is_too_old_ends_with_a_reason(settings: Mapping[str, Any]) -> None:
    """The reason is in the log and stays with the event; a file of no use goes."""
    with surveillance(settings) as running:
        move(settings, "evt-1")
        running.wait_for_text(FILMING)
        running.process.send_signal(signal.SIGKILL)
        running.process.wait(10)
    for path in spool_files(settings):
        os.truncate(path, 0)
    with closing(sqlite3.connect(database(settings))) as other, other:
        other.execute("UPDATE evenement SET date_reception = '2025-01-15T14:30:45.678000'")
    with surveillance(settings) as running:
        running.wait_for_text("Vidéo impossible pour evt-1")
        running.wait_for_text("Fichier supprimé du spool")
        wait_for("an empty spool", lambda: not spool_files(settings))
        assert running.stop() == 0
    [(reason,)] = query(database(settings), "SELECT raison_abandon FROM travail_clip")
    assert "too late" in reason
    assert query(database(settings), "SELECT count(*) FROM media") == [(0,)]


def test_second_program_on_one_data_folder_is_told(settings: Mapping[str, Any]) -> None:
    """It does not touch the clip of the first, whose file is complete in the end."""
    with surveillance(settings) as running:
        move(settings, "evt-1")
        running.wait_for_text(FILMING)
        other = {**settings, "DEVICE__ID": f"{settings['DEVICE__ID']}-b"}
        with program("apps.edge", "run", "surveillance", settings=other) as second:
            second.wait_for_text("another process films into")
            assert second.stop() == 0
        wait_for_videos(settings, 1, running)
        assert running.stop() == 0
    assert query(database(settings), "SELECT recupere FROM media") == [(0,)]
