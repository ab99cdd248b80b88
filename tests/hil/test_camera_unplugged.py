"""The real surveillance process, and a camera that is pulled out while it films."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.hil.edge import await_notices, edge_process
from tests.hil.lines import Lines
from tests.hil.listener import START_S, Listener
from tests.hil.test_whole_chain import DURATION_S, FPS, PRE_ROLL_S, SENSOR, rows
from tests.rig.brokers import Address
from tests.waiting import wait_for

DRIVER = Path("/sys/bus/platform/drivers/vivid")
DEVICE = "vivid.0"


@pytest.fixture
def vivid(camera: Path) -> Iterator[Path]:
    """The virtual camera, plugged in again in the end."""
    if not DRIVER.exists():
        pytest.skip("no software can unplug this camera")
    yield camera
    if not camera.exists():
        plug(camera)


def plug(camera: Path) -> None:
    """Plug it in."""
    (DRIVER / "bind").write_text(DEVICE)
    wait_for("the camera is there", camera.is_char_device, within_s=30)


def durations_by_event(database: Path) -> dict[str, float]:
    """Say how long the video is that each event leads to; the camera may be back in the first."""
    linked = (
        "SELECT e.event_id, m.duree FROM media m JOIN media_evenement USING (id_media)"
        " JOIN evenement e ON e.id_evenement = media_evenement.id_evenement"
    )
    return {row["event_id"]: row["duree"] for row in rows(database, linked)}


def test_a_camera_pulled_out_costs_its_clip_a_part_and_comes_back(
    lines: Lines, vivid: Path, broker: Address, tmp_path: Path
) -> None:
    """What was filmed is stored, events go on meanwhile, and the next clip is whole."""
    pin = lines.pins[0]
    lines.drive(pin, high=False)
    with (
        closing(Listener(broker)) as listener,
        edge_process(
            "sensor-motion",
            "surveillance",
            sensors=SENSOR.format(pin=pin),
            broker=broker,
            folder=tmp_path,
            settings={
                "CAMERA__SOURCE": f"v4l2:{vivid}",
                "CAMERA__RESOLUTION": "320x180",
                "CAMERA__FPS": FPS,
                "RECORDING__PRE_ROLL_S": PRE_ROLL_S,
                "RECORDING__DURATION_S": DURATION_S,
            },
            awaits=dict.fromkeys(("sensor_ready", "surveillance_ready", "camera_ready"), 1),
        ) as running,
    ):
        lines.drive(pin, high=True)
        first = listener.next()[1]["event_id"]
        await_notices(running, "recording_started")
        (DRIVER / "unbind").write_text(DEVICE)
        await_notices(running, "camera_lost")
        lines.drive(pin, high=False)
        assert listener.hears_nothing()
        lines.drive(pin, high=True)
        assert listener.next()[0] == "sensor/motion"
        lines.drive(pin, high=False)
        plug(vivid)
        await_notices(running, "camera_ready", 2)
        assert listener.hears_nothing()
        lines.drive(pin, high=True)
        third = listener.next()[1]["event_id"]
        database = tmp_path / "data/surveillance.db"
        wait_for(
            "the third event has its clip",
            lambda: third in durations_by_event(database),
            within_s=START_S,
        )
        lines.drive(pin, high=False)
    durations_s = durations_by_event(database)
    assert durations_s[first] > 0
    assert durations_s[third] >= DURATION_S
