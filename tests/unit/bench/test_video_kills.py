"""What became of a clip whose program was killed, and of what others print."""

from datetime import UTC, datetime, timedelta

import pytest

from bench.delivery.procfs import parse_io
from bench.video.edge import Fired
from bench.video.kills import CLIP_S, lost_s, promise_of
from bench.video.motion import packages_of
from bench.video.playback import facts_of
from bench.video.records import StoredClip

T0 = datetime(2025, 1, 15, 14, 30, 45, tzinfo=UTC)
FIRED = Fired(event_id="evt-1", at_utc=T0, at_s=100.0)


def at(after_s: float) -> datetime:
    return T0 + timedelta(seconds=after_s)


def clip(
    begins_s: float, ends_s: float, *, salvaged: bool = False, missing_s: float = 0.0
) -> StoredClip:
    return StoredClip(
        media_id=7,
        event_ids=("evt-1",),
        started_at_utc=at(begins_s),
        duration_s=ends_s - begins_s,
        missing_s=missing_s,
        clip_bytes=1,
        salvaged=salvaged,
    )


def test_a_salvaged_clip_lost_what_lies_between_its_end_and_the_kill() -> None:
    """The pre-roll is no gain."""
    assert lost_s(T0, [at(3)], clip(-2, 2.75)) == pytest.approx(0.25)


def test_an_event_without_a_clip_lost_all_since_its_trigger() -> None:
    """Up to the kill, or to the end of what was to be filmed."""
    assert lost_s(T0, [at(0.5)], None) == pytest.approx(0.5)
    assert lost_s(T0, [at(5)], None) == pytest.approx(CLIP_S)


def test_a_clip_that_was_filmed_by_the_next_life_lost_what_came_before_the_kill() -> None:
    """It begins after the kill."""
    assert lost_s(T0, [at(0.5)], clip(3, 6)) == pytest.approx(0.5)


def test_a_whole_clip_lost_nothing() -> None:
    """Killed while it was stored: it is all there."""
    assert lost_s(T0, [at(CLIP_S + 0.1)], clip(-2, CLIP_S)) == pytest.approx(0)


def test_a_gap_inside_a_clip_is_lost_too() -> None:
    """Wherever it is, and never more than there was to film; the promise tells it apart."""
    assert lost_s(T0, [at(3)], clip(-2, 2.75, missing_s=0.5)) == pytest.approx(0.75)
    assert lost_s(T0, [at(3)], clip(-2, 2.75, missing_s=4)) == pytest.approx(3)
    assert lost_s(T0, [], clip(-2, 2.75, missing_s=0.5)) is None
    assert promise_of(FIRED, [], clip(0, 4, missing_s=0.5), {}, {7: ""}).missing_s == 0.5


def test_a_kill_before_the_trigger_or_long_after_is_not_of_this_clip() -> None:
    """Only what was under way can be cut."""
    assert lost_s(T0, [at(-1), at(30)], clip(-2, CLIP_S)) is None
    assert lost_s(T0, [], None) is None


def test_a_promise_ends_in_one_of_four_ways() -> None:
    """By the row in `media`, or by the reason that stands for it."""

    def ending(stored: StoredClip | None, reasons: dict[str, str]) -> str:
        return promise_of(FIRED, [], stored, reasons, {7: ""}).ending

    assert ending(clip(0, 4), {}) == "whole"
    assert ending(clip(0, 4, salvaged=True), {}) == "salvaged"
    assert ending(None, {"evt-1": "too late"}) == "given up"
    assert ending(None, {}) == "lost"


def test_the_fault_of_a_video_is_that_of_its_promise() -> None:
    """By the row of the video."""
    assert promise_of(FIRED, [], clip(0, 4), {}, {7: "no moov"}).fault == "no moov"


def test_what_was_removed_before_it_reached_the_disk_is_taken_off() -> None:
    """As the kernel counts it."""
    written = parse_io("wchar: 9\nwrite_bytes: 8192\ncancelled_write_bytes: 4096\n")
    assert (written.dirtied_bytes, written.net_bytes) == (8192, 4096)
    assert parse_io("").net_bytes == 0


def test_ffprobe_may_know_no_length() -> None:
    """A file that was cut has none."""
    assert facts_of("nb_read_packets=42\nduration=N/A\n") == {"nb_read_packets": 42}


def test_packages_are_read_from_a_simulated_installation() -> None:
    """Those that are there already are not named."""
    said = "NOTE: only a simulation\nInst libx (1 Debian [amd64])\nInst motion (4)\nConf motion (4)"
    assert packages_of(said) == ["libx", "motion"]
