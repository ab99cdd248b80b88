"""The real programs on a machine that wakes up in 1970, and is told the time while it films."""

import ctypes
import json
import struct
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.hil.edge import await_notices, edge_process, notices
from tests.hil.lines import Lines
from tests.hil.listener import Listener
from tests.hil.test_whole_chain import DURATION_S, FPS, PRE_ROLL_S, SENSOR, rows
from tests.rig.brokers import Address

AWAKE_AT_S = 2 * 24 * 3600.0
"""The second of January 1970: a kernel refuses a time before its own boot."""

LATE_2001_S = 1e9
MIN_INTERVAL_S = 2.0

ADJ_MAXERROR, ADJ_STATUS, STA_PLL, TIME_ERROR = 0x04, 0x10, 0x01, 5
_MAXERROR_AT, _STATUS_AT, _TIMEX_BYTES = 24, 40, 208
"""Of `struct timex` on a machine of 64 bits, adjtimex(2)."""

_MAXERROR_US = 100_000


@pytest.fixture
def true_time_s(request: pytest.FixtureRequest) -> Iterator[float]:
    """Put the virtual Pi's clock back to 1970, and forward again in the end."""
    if request.config.getoption("--rig") == "jumper":
        pytest.skip("a real Pi's clock is left alone")
    before_s, began_s = time.time(), time.monotonic()
    time.clock_settime(time.CLOCK_REALTIME, AWAKE_AT_S)
    yield before_s
    time.clock_settime(time.CLOCK_REALTIME, before_s + time.monotonic() - began_s)


def set_as_a_time_server(utc_s: float) -> None:
    """Set the clock, and tell the kernel that it can be believed, as timesyncd does."""
    time.clock_settime(time.CLOCK_REALTIME, utc_s)
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    struct.pack_into("I", timex, 0, ADJ_MAXERROR | ADJ_STATUS)
    struct.pack_into("q", timex, _MAXERROR_AT, _MAXERROR_US)
    struct.pack_into("i", timex, _STATUS_AT, STA_PLL)
    assert ctypes.CDLL(None).adjtimex(timex) not in (-1, TIME_ERROR)


def test_a_clock_that_jumps_from_1970_harms_neither_order_nor_debounce_nor_clip(
    lines: Lines, camera: Path, broker: Address, true_time_s: float, tmp_path: Path
) -> None:
    """Durations and debounce are the monotonic clock's; no video is deleted for its age.

    The event from before says that its clock was not set.
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
        pressed_s = time.monotonic()
        _press(lines, pin)
        first = listener.next()[1]["event_id"]
        set_as_a_time_server(true_time_s)
        _press(lines, pin)
        assert time.monotonic() - pressed_s < MIN_INTERVAL_S, "too slow a hand proves nothing"
        assert listener.hears_nothing()
        await_notices(running, "clip_stored")
        _press(lines, pin)
        second = listener.next()[1]["event_id"]
        await_notices(running, "clip_stored", 2)
        assert [told["verdict"] for told in notices(running, "edge_ignored")] == ["too soon"]
    database = tmp_path / "data/surveillance.db"
    events = rows(database, "SELECT * FROM evenement ORDER BY id_evenement")
    assert [event["event_id"] for event in events] == [first, second]
    assert events[0]["timestamp"] < LATE_2001_S < events[1]["timestamp"]
    told = [json.loads(event["metadata"]).get("clock_synced") for event in events]
    assert told == [False, None]
    media = rows(database, "SELECT * FROM media ORDER BY id_media")
    assert len(media) == 2
    for clip in media:
        assert DURATION_S <= clip["duree"] < DURATION_S + PRE_ROLL_S + 5
        assert clip["duree_preroll"] < PRE_ROLL_S + 2


def _press(lines: Lines, pin: int) -> None:
    lines.drive(pin, high=True)
    lines.drive(pin, high=False)
