"""The real surveillance process, and a camera that is pulled out while it films."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.hil.edge import await_notices, edge_process, notices
from tests.hil.light import flash, stamp_when_drawn
from tests.hil.lines import Lines
from tests.hil.listener import START_S, Listener
from tests.hil.shown_time import monotonic_of, takes_of
from tests.hil.test_whole_chain import (
    FPS,
    FRESH_WITHIN_S,
    HEIGHT,
    KEYFRAME_S,
    LATE_S,
    PRE_ROLL_S,
    SENSOR,
    WIDTH,
    dates_each_picture,
    rows,
)
from tests.rig.brokers import Address
from tests.rig.camera import decode
from tests.waiting import wait_for

DRIVER = Path("/sys/bus/platform/drivers/vivid")
DEVICE = "vivid.0"

LONG_S = 12
"""Events come more often than that until the camera films again, so it does in the same clip."""

PIPE_S = 1.0
"""What of the last pictures dies with the camera's program."""


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
    stamp_when_drawn(camera)


def unplug() -> tuple[float, float]:
    """Pull it out; returns the monotonic instants before and after."""
    before_s = time.monotonic()
    (DRIVER / "unbind").write_text(DEVICE)
    return before_s, time.monotonic()


def test_a_clip_of_a_camera_pulled_out_and_plugged_in_again_plays_and_says_what_it_lacks(
    lines: Lines, vivid: Path, broker: Address, tmp_path: Path
) -> None:
    """One video holds what was filmed before and after, each picture at its time.

    Events go on meanwhile and have their place in it.
    """
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
                "CAMERA__RESOLUTION": f"{WIDTH}x{HEIGHT}",
                "CAMERA__FPS": FPS,
                "RECORDING__PRE_ROLL_S": PRE_ROLL_S,
                "RECORDING__DURATION_S": LONG_S,
            },
            awaits=dict.fromkeys(("sensor_ready", "surveillance_ready", "camera_ready"), 1),
        ) as running,
    ):
        time.sleep(PRE_ROLL_S + KEYFRAME_S + FRESH_WITHIN_S)
        lines.drive(pin, high=True)
        events = [listener.next()[1]["event_id"]]
        await_notices(running, "recording_started")
        switched = [flash(vivid)]
        before_out_s, after_out_s = unplug()
        await_notices(running, "camera_lost")
        lines.drive(pin, high=False)
        assert listener.hears_nothing()
        events.append(_press(lines, pin, listener))
        back_s = time.monotonic()
        plug(vivid)
        while len(notices(running, "camera_ready")) < 2:
            assert time.monotonic() - back_s < START_S, running.output
            if listener.hears_nothing():
                events.append(_press(lines, pin, listener))
        filming_s = time.monotonic()
        switched.append(flash(vivid))
        await_notices(running, "clip_stored")
    database = tmp_path / "data/surveillance.db"
    [media] = rows(database, "SELECT * FROM media JOIN tournage USING (id_media)")
    linked = rows(
        database, "SELECT event_id FROM media_evenement JOIN evenement USING (id_evenement)"
    )
    assert {row["event_id"] for row in linked} == set(events)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(media["video"])
    decode(clip)
    began_s = monotonic_of(media["date_debut"])
    before, after = takes_of(clip, width=WIDTH, height=HEIGHT, switched=switched)
    for take in (before, after):
        dates_each_picture(take, began_s)
    last_s, first_s = before.taken_s(before.pictures[-1]), after.taken_s(after.pictures[0])
    assert before_out_s - PIPE_S <= last_s <= after_out_s + before.unsure_s
    assert back_s - after.unsure_s <= first_s <= filming_s + after.unsure_s
    unsure_s = before.unsure_s + after.unsure_s
    away_s = first_s - last_s - 1 / FPS
    assert media["duree_manquante"] == pytest.approx(away_s, abs=LATE_S + unsure_s)


def _press(lines: Lines, pin: int, listener: Listener) -> str:
    """Press and let go; returns the event's id."""
    lines.drive(pin, high=True)
    lines.drive(pin, high=False)
    return str(listener.next()[1]["event_id"])
