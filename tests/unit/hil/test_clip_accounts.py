"""The accounts of the videos after power cuts: they must find what is wrong."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.hil.campaigns.clip_accounts import Clips, account_for_clips
from tests.hil.campaigns.power_cut import Cut
from tests.unit.hil.aftermath import EVENTS, Aftermath

READY = {"event": "camera_ready", "time": "2025-01-15T12:00:01.000+00:00"}
STARTED = {"event": "recording_started", "event_id": "a", "time": "2025-01-15T12:00:06.000+00:00"}
CUT_AT_UTC = datetime(2025, 1, 15, 12, 0, 10, tzinfo=UTC)
EVENT = EVENTS + "(1, 'a', 1.0, 'PIR')"
NO_VIDEO = "INSERT INTO travail_clip VALUES (1, 'no pictures')"


@pytest.fixture
def aftermath(tmp_path: Path) -> Aftermath:
    return Aftermath(tmp_path)


def clips_of(aftermath: Aftermath, *notices: dict[str, object]) -> Clips:
    """Account for one cut, at 12:00:10."""
    aftermath.tell(*notices)
    cut = Cut(boot=0, is_in_start=False, after_s=1.0, at_utc=CUT_AT_UTC)
    return account_for_clips(aftermath.traces, [cut], aftermath.database, aftermath.folder)


def test_the_seconds_lost_are_those_up_to_the_cut(aftermath: Aftermath) -> None:
    """A clip from 12:00:04 of 5.5 s has lost half a second; what is no video does not play."""
    aftermath.fill(
        EVENT,
        "INSERT INTO media VALUES (7, '2025-01-15T12:00:04.000000', 5.5, 1, x'00')",
        "INSERT INTO media_evenement VALUES (7, 1)",
    )
    clips = clips_of(aftermath, READY, STARTED)
    assert [ending.lost_s for ending in clips.endings] == [0.5]
    assert (clips.stored, clips.salvaged, clips.unplayable) == (1, 1, (7,))
    assert not clips.is_kept


def test_a_clip_that_is_gone_is_named(aftermath: Aftermath) -> None:
    """No video, and a reason or none: both are counted, and neither is as promised."""
    aftermath.fill(EVENT, EVENTS + "(2, 'b', 2.0, 'PIR')", NO_VIDEO)
    clips = clips_of(aftermath, READY, STARTED)
    assert [ending.is_kept for ending in clips.endings] == [False]
    assert clips.given_up == ("a: no pictures",)
    assert (clips.without_cause, clips.is_kept) == (("a",), False)


def test_a_job_that_nobody_closed_is_counted(aftermath: Aftermath) -> None:
    """Its event waits for a video for ever."""
    aftermath.fill(EVENT, "INSERT INTO travail_clip VALUES (1, NULL)")
    assert clips_of(aftermath).still_open == 1


@pytest.mark.parametrize(
    ("received", "ready", "causes"),
    [
        ("12:00:01", READY, 0),
        ("12:00:08", READY, 1),
        ("12:00:00", READY, 1),
        ("12:00:01", None, 1),
        ("12:00:15", None, 1),
    ],
)
def test_a_cut_or_a_camera_that_is_starting_explains_a_missing_video(
    aftermath: Aftermath, received: str, ready: dict[str, object] | None, causes: int
) -> None:
    """In the middle of a boot, with a camera, nothing does."""
    dated = f"UPDATE evenement SET date_reception = '2025-01-15T{received}.000000'"
    aftermath.fill(EVENT, NO_VIDEO, dated)
    clips = clips_of(aftermath, *([ready] if ready else []))
    assert len(clips.without_cause) == 1 - causes


def test_a_motion_that_nobody_owes_anything_is_named(aftermath: Aftermath) -> None:
    """Neither video nor job; a press of the button has never had either."""
    aftermath.fill(EVENT, EVENTS + "(2, 'b', 2.0, 'BUTTON')")
    clips = clips_of(aftermath)
    assert (clips.forgotten, clips.is_kept) == (("a",), False)


def test_a_stored_video_that_is_gone_is_named(aftermath: Aftermath) -> None:
    """What was told to be stored must be there in the end."""
    aftermath.fill(EVENT)
    assert clips_of(aftermath, {**STARTED, "event": "clip_stored"}).gone == ("a",)


def test_where_no_clip_was_cut_nothing_is_shown(aftermath: Aftermath) -> None:
    """All is well, and it proves nothing of promise 3."""
    aftermath.fill()
    clips = clips_of(aftermath)
    assert not clips.were_cut
    assert not clips.is_kept
