"""The whole Pi's program on kernel devices: a line rises, and a video is in the database."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.hil.edge import await_notices, edge_process, notices
from tests.hil.light import brighten, dim, is_vivid, pictures
from tests.hil.lines import Lines
from tests.hil.test_v4l2_camera import facts_of
from tests.rig.brokers import Address
from tests.rig.mock_backend import Handler

FPS, PRE_ROLL_S, DURATION_S = 10, 1, 3
KEYFRAME_S = 1
DARKER = 0.75
"""Without light, vivid's bars are less bright than this share of before."""

FRESH_WITHIN_S = 2.0
"""The way of a picture through an emulated encoder; a stale one would be older."""

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
            "CAMERA__RESOLUTION": "320x180",
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
        lines.drive(pin, high=True)
        dim(camera)
        [stored] = await_notices(running, "clip_stored")
        await_notices(running, "post_delivered")
        lines.drive(pin, high=False)
        brighten(camera)
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
    if is_vivid(camera):
        _shows_the_instant_of_the_edge(tmp_path / "clip.mp4", media["duree_preroll"])
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


def _shows_the_instant_of_the_edge(file: Path, pre_roll_s: float) -> None:
    """The light went out with the edge: bright for `PRE_ROLL_S` before it, dark afterwards."""
    shown = pictures(file)
    bright, dark = shown[0].brightness, shown[-1].brightness
    assert dark < DARKER * bright, "the clip does not hold the instant of the edge"
    darkens_at_s = next(p.at_s for p in shown if p.brightness < (bright + dark) / 2)
    assert darkens_at_s >= PRE_ROLL_S
    assert abs(darkens_at_s - pre_roll_s) < FRESH_WITHIN_S
