"""The real programs on a machine that wakes up in 1970, and is told the time while it films."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.hil.edge import await_notices, edge_process, notices
from tests.hil.lines import Lines
from tests.hil.listener import Listener
from tests.hil.shown_time import monotonic_of
from tests.hil.test_whole_chain import DURATION_S, FPS, PRE_ROLL_S, SENSOR, rows
from tests.hil.wall_clock import set_as_a_time_server
from tests.rig.brokers import Address

WOKEN_BY = "1970-01-01T01"
"""No later does a machine without a battery clock believe it to be."""

MIN_INTERVAL_S = 2.0
TOLD_WITHIN_S = 300.0
"""Some time goes by between the second event and the question what time it is."""

COMES_WITHIN_S = 1.0
"""An event's message to the recorder, which believes no other time of a clock that was not set."""


def test_a_clock_that_jumps_from_1970_harms_neither_order_nor_debounce_nor_clip(
    lines: Lines, camera: Path, broker: Address, in_1970: Callable[[], float], tmp_path: Path
) -> None:
    """Durations and debounce are the monotonic clock's; no video is deleted for its age.

    The events from before say that their clock was not set. The film of the first was stored in
    1970, and stays though it seems half a century old; that of the second, whose end is after the
    jump, is dated right.
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
                "CAMERA__SOURCE": f"v4l2:{camera}",
                "CAMERA__RESOLUTION": "320x180",
                "CAMERA__FPS": FPS,
                "RECORDING__PRE_ROLL_S": PRE_ROLL_S,
                "RECORDING__DURATION_S": DURATION_S,
                "STORAGE__MAX_AGE_DAYS": 30,
            },
            awaits=dict.fromkeys(("sensor_ready", "surveillance_ready", "camera_ready"), 1),
        ) as running,
    ):
        _press(lines, pin)
        event_ids = [listener.next()[1]["event_id"]]
        await_notices(running, "clip_stored")
        pressed_at_s = [time.monotonic()]
        _press(lines, pin)
        event_ids.append(listener.next()[1]["event_id"])
        set_as_a_time_server(in_1970())
        _press(lines, pin)
        assert time.monotonic() - pressed_at_s[0] < MIN_INTERVAL_S, "too slow a hand proves nothing"
        assert listener.hears_nothing()
        await_notices(running, "clip_stored", 2)
        pressed_at_s.append(time.monotonic())
        _press(lines, pin)
        event_ids.append(listener.next()[1]["event_id"])
        await_notices(running, "clip_stored", 3)
        assert [told["verdict"] for told in notices(running, "edge_ignored")] == ["too soon"]
    database = tmp_path / "data/surveillance.db"
    events = rows(database, "SELECT * FROM evenement ORDER BY id_evenement")
    assert [event["event_id"] for event in events] == event_ids
    assert events[1]["date_evenement"] < WOKEN_BY
    assert events[2]["timestamp"] == pytest.approx(in_1970(), abs=TOLD_WITHIN_S)
    told = [json.loads(event["metadata"]).get("clock_synced") for event in events]
    assert told == [False, False, None]
    of_1970, *media = rows(database, "SELECT * FROM media ORDER BY id_media")
    assert of_1970["date_debut"] < WOKEN_BY
    assert len(media) == 2
    triggered_at_s = []
    for clip in media:
        assert DURATION_S <= clip["duree"] < DURATION_S + PRE_ROLL_S + 5
        assert clip["duree_preroll"] < PRE_ROLL_S + 2
        triggered_at_s.append(monotonic_of(clip["date_debut"]) + clip["duree_preroll"])
    assert triggered_at_s == pytest.approx(pressed_at_s, abs=COMES_WITHIN_S)


def _press(lines: Lines, pin: int) -> None:
    lines.drive(pin, high=True)
    lines.drive(pin, high=False)
