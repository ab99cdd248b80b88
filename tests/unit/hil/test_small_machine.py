"""The hour that a hand plays, and what is made of the looks at the edge."""

from pathlib import Path

import pytest
from attrs import evolve

from tests.hil.campaigns.hand import Accepted, Move
from tests.hil.campaigns.score import busiest_hour
from tests.hil.campaigns.small_machine import Quarter, is_flat, of_the_hour, quarters_of
from tests.hil.campaigns.small_machine_page import cost_of_one

TRACE = """ts,sensor,kind,place,state
2025-01-15T10:00:00,PIR,pir,hall,ON
2025-01-15T10:00:01,PIR,pir,hall,OFF
2025-01-15T11:30:00,PIR,pir,hall,ON
2025-01-15T11:30:01,PIR,pir,hall,OFF
2025-01-15T11:30:01,PIR,pir,hall,ON
2025-01-15T11:30:02,mat,pressure,hall,ON
2025-01-15T11:30:03,PIR,pir,hall,OFF
2025-01-15T11:30:04,PIR,pir,hall,ON
"""


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    file = tmp_path / "trace.csv"
    file.write_text(TRACE)
    return file


def test_the_hour_with_most_motion_is_played_faster(trace: Path) -> None:
    """Its steps begin at its own start, and the debounce is as much shorter."""
    score = busiest_hour(trace, speed=10)
    assert [step[0] for step in score.steps] == [180.0, 180.1, 180.1, 180.2, 180.3, 180.4]
    assert [sensor.min_interval_s for sensor in score.sensors] == [0.15, 0.15]
    assert (score.pin_of(motion=True), score.pin_of(motion=False)) == (4, 5)


def test_each_line_has_its_debounce(trace: Path) -> None:
    """As it was shortened with the time."""
    assert busiest_hour(trace, speed=10).intervals_s == {4: 0.15, 5: 0.15}


def test_what_was_written_is_told_by_event_and_by_clip() -> None:
    """Of an hour with both nobody can say which wrote what, but for the stage of single clips."""
    events = {"stage": "events", "events": 10, "clips": 0, "clip_bytes": 0}
    assert cost_of_one(events, 4_000) == "0.4 kB an event"
    clips = {"stage": "clips", "events": 2, "clips": 2, "clip_bytes": 1000}
    expected = "10 kB a clip and its event, 20.00 B per byte of clip"
    assert cost_of_one(clips, 20_000) == expected
    hour = {**clips, "stage": "the hour", "events": 40}
    assert cost_of_one(hour, 20_000) == "0.5 kB an event, the clips included"


def test_events_of_the_hour_are_those_since_its_first_press() -> None:
    """A press of an earlier stage, and its event, are left out."""
    moves = [
        Move(stage=stage, pin=4, high=True, before_s=at_s, after_s=at_s)
        for stage, at_s in (("clips", 10.0), ("the hour", 50.0))
    ]
    events = [Accepted(event_id="a", pin=4, at_s=10.0), Accepted(event_id="b", pin=4, at_s=50.0)]
    assert of_the_hour(moves, events) == (moves[1:], events[1:])


def test_quarters_are_those_of_the_hour() -> None:
    """What was before and after is left out; what grows is seen to grow."""
    samples = [
        {
            "stage": "the hour" if 100 <= at_s < 500 else "another",
            "own_rss_mb": 50.0 + at_s / 10,
            "rss_mb": 80.0,
            "descriptors": 20 + at_s // 100,
            "threads": 9,
            "available_mb": 200.0 - at_s / 10,
        }
        for at_s in range(0, 600, 5)
    ]
    quarters = quarters_of(samples)
    assert [quarter.descriptors for quarter in quarters] == [21, 22, 23, 24]
    assert quarters[0].own_rss_mb < quarters[3].own_rss_mb
    assert quarters[3].rss_mb == 80.0


FLAT = Quarter(own_rss_mb=70.0, rss_mb=150.0, descriptors=85, threads=21, available_mb=300.0)


def test_what_comes_and_goes_is_no_leak() -> None:
    """In the second quarter no clip was being stored when the edge was looked at."""
    storing = evolve(FLAT, descriptors=90, threads=22)
    assert is_flat([storing, FLAT, FLAT, storing])


@pytest.mark.parametrize(
    "leaky",
    [
        evolve(FLAT, own_rss_mb=74.0),
        evolve(FLAT, rss_mb=158.0),
        evolve(FLAT, descriptors=86),
        evolve(FLAT, threads=22),
    ],
)
def test_what_grows_is_seen(leaky: Quarter) -> None:
    """Memory by a twentieth, a descriptor or a thread by one."""
    assert not is_flat([FLAT, FLAT, FLAT, leaky])
