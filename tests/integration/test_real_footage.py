"""Recorded streets and rooms as cameras, a recorded home's motions as triggers.

Each video of the shared data is the camera of a surveillance program of its own. All of them film
the same: the first motions of each recorded home, played in seconds by a sensor program.
"""

import csv
import json
import secrets
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import frozen

from tests.integration.sqlite_files import query
from tests.rig.brokers import Address
from tests.rig.camera import decode, probe
from tests.rig.programs import Program, program
from tests.waiting import wait_for

DATA = Path(__file__).parents[3] / "shared/data"
VIDEOS = sorted(path for path in (DATA / "video").glob("*") if path.suffix in (".mp4", ".avi"))
TRACES = sorted((DATA / "pir").glob("*.csv"))
STEPS = 8
PLAYED_IN_S = 3.0
MIN_INTERVAL_S = 2
CLIP_S = 2
PRE_ROLL_S = 1
FPS = 10


@frozen
class Motions:
    """The first motions of a recorded home, in a file of their own.

    `events` of them are far enough apart to count; `speed` times faster they last `PLAYED_IN_S`.
    """

    path: Path
    events: int
    speed: float


def motions_of(trace: Path, folder: Path) -> Motions:
    """Cut a recording, and count in it with nothing of the product."""
    with trace.open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["kind"] == "pir"][:STEPS]
    path = folder / f"motions_{trace.name}"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    moments = [datetime.fromisoformat(row["ts"]) for row in rows]
    was: dict[str, str] = {}
    counted_at: dict[str, datetime] = {}
    events = 0
    for moment, row in zip(moments, rows, strict=True):
        sensor, rises = row["sensor"], row["state"] == "ON" != was.get(row["sensor"])
        was[sensor] = row["state"]
        since = moment - counted_at.get(sensor, datetime.min)
        if rises and since.total_seconds() >= MIN_INTERVAL_S:
            counted_at[sensor] = moment
            events += 1
    speed = (moments[-1] - moments[0]).total_seconds() / PLAYED_IN_S
    return Motions(path, events, speed)


def place_of(broker: Address, data_dir: Path) -> dict[str, object]:
    """Name a device of its own on the broker."""
    return {
        "MQTT__HOST": broker.host,
        "MQTT__PORT": broker.port,
        "DEVICE__ID": f"{secrets.token_hex(4)}-{data_dir.name}"[:64],
        "STORAGE__DATA_DIR": data_dir,
    }


def filming(stack: ExitStack, video: Path, broker: Address, data_dir: Path) -> Program:
    """Run surveillance with a video as its camera, until it takes events."""
    settings = {
        **place_of(broker, data_dir),
        "CAMERA__SOURCE": f"file:{video}",
        "CAMERA__RESOLUTION": "320x180",
        "CAMERA__FPS": FPS,
        "RECORDING__PRE_ROLL_S": PRE_ROLL_S,
        "RECORDING__DURATION_S": CLIP_S,
    }
    return stack.enter_context(program("apps.edge", "run", "surveillance", settings=settings))


def moving(stack: ExitStack, motions: Motions, broker: Address, data_dir: Path) -> Program:
    """Run the sensors of a recorded home."""
    settings = {
        **place_of(broker, data_dir),
        "GPIO__BACKEND": "simulated",
        "GPIO__TRACE": motions.path,
        "GPIO__TRACE_SPEED": motions.speed,
    }
    return stack.enter_context(program("apps.edge", "run", "sensor", settings=settings))


def database_of(data_dir: Path) -> Path:
    return data_dir / "surveillance.db"


def wait_until_filmed(data_dir: Path, events: int, running: Program) -> None:
    """Wait until so many events have their video."""
    linked = "SELECT count(*) FROM media_evenement"
    try:
        wait_for(
            f"{events} events have their video",
            lambda: query(database_of(data_dir), linked) == [(events,)],
            within_s=30,
        )
    except AssertionError as error:
        raise AssertionError(f"{error}\n{running.output}") from None


def check_clips(data_dir: Path) -> int:
    """Look into each clip with ffmpeg's tools; returns how many there are."""
    database = database_of(data_dir)
    rows = query(
        database,
        "SELECT m.id_media, m.duree, m.duree_preroll, m.date_debut, e.date_evenement,"
        " f.duree_manquante, m.video FROM media m JOIN evenement e USING (id_evenement)"
        " JOIN tournage f USING (id_media)",
    )
    for media_id, duration_s, pre_roll_s, started_at, happened_at, missing_s, video in rows:
        early_s = (at(happened_at) - at(started_at)).total_seconds()
        assert early_s >= PRE_ROLL_S - 0.3, "the clip does not begin before its event"
        assert early_s == pytest.approx(pre_roll_s, abs=0.3)
        assert duration_s >= pre_roll_s + CLIP_S - 0.3
        path = data_dir / f"{media_id}.mp4"
        path.write_bytes(video)
        assert float(probe(path)["duration"]) == pytest.approx(duration_s, abs=0.2)
        assert pictures_in(path) >= FPS * (duration_s - missing_s) * 0.7
        decode(path)
    return len(rows)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def pictures_in(path: Path) -> int:
    """Count what can be decoded."""
    entries = ["-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "json"]
    command = ["ffprobe", "-v", "error", *entries, str(path)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    return int(json.loads(done.stdout)["streams"][0]["nb_read_frames"])


@pytest.mark.skipif(not VIDEOS, reason=f"{DATA / 'video'} is not on this machine")
@pytest.mark.skipif(not TRACES, reason=f"{DATA / 'pir'} is not on this machine")
def test_each_recorded_video_is_filmed_at_a_recorded_homes_motions(
    broker: Address, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Clips begin before their events, last as long as they say, and decode strictly."""
    homes = [motions_of(trace, tmp_path) for trace in TRACES]
    events = sum(home.events for home in homes)
    with ExitStack() as stack:
        cameras = {
            tmp_path / video.stem: filming(stack, video, broker, tmp_path / video.stem)
            for video in VIDEOS
        }
        for camera in cameras.values():
            camera.wait_for_text("Service de surveillance démarré")
            camera.wait_for_text("Caméra prête")
        sensors = [moving(stack, home, broker, tmp_path / home.path.stem) for home in homes]
        for data_dir, camera in cameras.items():
            wait_until_filmed(data_dir, events, camera)
        for one in (*sensors, *cameras.values()):
            assert one.stop() == 0, one.output
    for data_dir in cameras:
        clips = check_clips(data_dir)
        with capsys.disabled():
            sys.stdout.write(f"\n{data_dir.name}: {events} recorded motions in {clips} clips")
