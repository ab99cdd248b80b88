"""The whole Pi's program on kernel devices: a line rises, and a video is in the database."""

import json
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from surveil_core.video import GAP_S
from tests.hil.edge import await_notices, edge_process, notices
from tests.hil.light import flash, is_vivid
from tests.hil.lines import Lines
from tests.hil.shown_time import Take, monotonic_of, takes_of
from tests.hil.test_v4l2_camera import facts_of
from tests.rig.brokers import Address
from tests.rig.mock_backend import Handler

FPS, PRE_ROLL_S, DURATION_S = 10, 1, 3
WIDTH, HEIGHT = 320, 180
KEYFRAME_S = 1
FRESH_WITHIN_S = 2.0
"""The way of a picture through an emulated encoder."""

STAMP_S = 0.02
"""How exactly an event is dated, see `test_latency`."""

LATE_S = 0.1
"""By how much a clip may date a picture wrong: by the step to the next. Seen: 0.01 s, and 0.1 s
where vivid was plugged in and filmed before it could be told how to stamp."""

STEADY = 0.95
"""The share of pictures of which that holds: where the emulated machine stands still between
vivid's stamp and its drawing, the clock in the picture is late."""

UNSURE_S = 0.06
"""By how much the light may leave open when a picture was taken: half a step, and the tick."""

SENSOR = """
[[sensors]]
kind = "motion"
name = "PIR Cave"
location = "Cave"
pin = {pin}
"""


@pytest.fixture
def backend() -> Iterator[str]:
    """A backend's address, which answers 201. In this process: one start less to wait for."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def rows(database: Path, query: str) -> list[sqlite3.Row]:
    """Ask the Pi's database."""
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(query).fetchall()


def posted(backend: str) -> list[dict[str, Any]]:
    """Say what the backend was sent."""
    with urlopen(f"{backend}/requests", timeout=60) as answer:
        found: list[dict[str, Any]] = json.load(answer)
        return found


def test_an_edge_becomes_a_row_a_video_and_a_post(
    lines: Lines, camera: Path, broker: Address, backend: str, tmp_path: Path
) -> None:
    """Kernel line, Mosquitto, SQLite, kernel camera and HTTP: nothing in between is simulated."""
    pin = lines.pins[0]
    lines.drive(pin, high=False)
    with edge_process(
        sensors=SENSOR.format(pin=pin),
        broker=broker,
        folder=tmp_path,
        settings={
            "BRIDGE__BACKEND_URL": f"{backend}/api/events",
            "CAMERA__SOURCE": "auto" if camera == Path("/dev/video0") else f"v4l2:{camera}",
            "CAMERA__RESOLUTION": f"{WIDTH}x{HEIGHT}",
            "CAMERA__FPS": FPS,
            "RECORDING__PRE_ROLL_S": PRE_ROLL_S,
            "RECORDING__DURATION_S": DURATION_S,
            "WEB__PORT": 0,
        },
        awaits=dict.fromkeys(
            ("sensor_ready", "bridge_ready", "surveillance_ready", "camera_ready"), 1
        ),
    ) as running:
        time.sleep(PRE_ROLL_S + KEYFRAME_S + FRESH_WITHIN_S)  # it has only just begun to film
        before_s = time.monotonic()
        lines.drive(pin, high=True)
        after_s = time.monotonic()
        switches = flash(camera)
        [stored] = await_notices(running, "clip_stored")
        await_notices(running, "post_delivered")
        lines.drive(pin, high=False)
        [published] = notices(running, "event_published")
    [event] = rows(
        tmp_path / "data/surveillance.db",
        "SELECT * FROM evenement JOIN capteur USING (id_capteur)",
    )
    assert (event["event_id"], event["etat_capteur"]) == (published["event_id"], 1)
    assert [event[column] for column in ("nom_capteur", "emplacement", "gpio_pin")] == [
        "PIR Cave",
        "Cave",
        pin,
    ]
    [media] = rows(tmp_path / "data/surveillance.db", "SELECT * FROM media")
    assert (media["id_media"], media["id_evenement"]) == (stored["row_id"], event["id_evenement"])
    assert (media["resolution"], media["codec"]) == ("320x180", "h264")
    _plays(media["video"], tmp_path / "clip.mp4", media["duree"])
    edge_s = monotonic_of(event["date_evenement"])
    assert before_s - STAMP_S <= edge_s <= after_s + STAMP_S
    began_s = monotonic_of(media["date_debut"])
    if "clock_synced" not in json.loads(event["metadata"]):  # else nobody knows how late it came
        assert edge_s - began_s == pytest.approx(media["duree_preroll"], abs=STAMP_S)
    if is_vivid(camera):
        [take] = takes_of(tmp_path / "clip.mp4", width=WIDTH, height=HEIGHT, switched=[switches])
        dates_each_picture(take, began_s)
        _shows_the_instant_of_the_edge(take, edge_s)
    [post] = posted(backend)
    assert post["status"] == 201
    assert post["body"]["details"]["event_id"] == event["event_id"]
    assert post["body"]["details"]["data"] == {"gpio_pin": pin, "state": "HIGH"}


def _plays(video: bytes, file: Path, duration_s: float) -> None:
    """Decode a stored video: as long as its row says, with the pictures that this takes."""
    file.write_bytes(video)
    facts = facts_of(file)
    assert float(facts["duration"]) == pytest.approx(duration_s, abs=1)
    assert duration_s >= DURATION_S
    assert int(facts["nb_read_frames"]) >= FPS * DURATION_S / 2


def _shows_the_instant_of_the_edge(take: Take, edge_s: float) -> None:
    """Pictures of `PRE_ROLL_S` before it, both that lie around it, and `DURATION_S` after it."""
    since_edge_s = [take.taken_s(shown) - edge_s for shown in take.pictures]
    step_s = 1 / FPS
    assert since_edge_s[0] <= -PRE_ROLL_S + take.unsure_s
    assert since_edge_s[-1] >= DURATION_S - step_s - LATE_S
    assert min(map(abs, since_edge_s)) <= step_s + take.unsure_s
    assert max(b - a for a, b in pairwise(since_edge_s)) <= GAP_S


def dates_each_picture(take: Take, began_s: float) -> None:
    """`date_debut` and a picture's position together say when it was taken."""
    late_s = take.late_s(began_s)
    told = f"known to {take.unsure_s:.3f} s, dated late by {min(late_s):.3f} to {max(late_s):.3f} s"
    sys.stdout.write(f"{len(late_s)} pictures, {told}\n")
    assert take.unsure_s <= UNSURE_S
    wrong_s = sorted(map(abs, late_s))
    assert wrong_s[int(len(wrong_s) * STEADY)] <= LATE_S + take.unsure_s, told
    assert wrong_s[-1] <= GAP_S, told
