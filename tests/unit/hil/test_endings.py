"""What a power cut left of the clips that were under way."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.hil.campaigns.endings import (
    Begun,
    Ending,
    Video,
    clips_under_way,
    ending_of,
    ending_rows,
    not_begun,
)

CUT_AT_UTC = datetime(2025, 1, 15, 12, 0, 10, tzinfo=UTC)


def notice(event: str, second: int, event_id: str | None = None) -> dict[str, str]:
    named = {} if event_id is None else {"event_id": event_id}
    return {"event": event, "time": f"2025-01-15T12:00:{second:02}.000+00:00", **named}


def before_cut(seconds: float) -> datetime:
    return CUT_AT_UTC - timedelta(seconds=seconds)


def video(*, began_before_s: float, duration_s: float, is_salvaged: bool = True) -> Video:
    return Video(
        event_id="a",
        began_at_utc=before_cut(began_before_s),
        duration_s=duration_s,
        is_salvaged=is_salvaged,
    )


def test_a_clip_is_under_way_until_it_is_stored_or_given_up() -> None:
    """Though the next one has begun meanwhile."""
    told = [
        notice("camera_ready", 0),
        notice("recording_started", 1, "a"),
        notice("recording_started", 2, "b"),
        notice("recording_started", 3, "c"),
        notice("clip_stored", 4, "a"),
        notice("clip_failed", 5, "b"),
    ]
    assert clips_under_way(told) == [Begun(event_id="c", at_utc=before_cut(7))]


def test_a_motion_that_nobody_films_is_named() -> None:
    """Unless it has just come, there was no camera yet, or another clip shows it."""
    early, shown, late, forgotten = (
        {**notice("event_detected", second, event_id), "kind": "motion"}
        for second, event_id in ((0, "early"), (1, "shown"), (2, "late"), (1, "forgotten"))
    )
    told = [
        early,
        notice("camera_ready", 1),
        shown,
        notice("recording_extended", 2, "shown"),
        forgotten,
        {**notice("event_detected", 3, "button"), "kind": "button"},
        late,
    ]
    assert not_begun(told, CUT_AT_UTC) == ["forgotten"]


def test_a_clip_has_pictures_since_there_is_a_camera() -> None:
    """What is begun before waits for it."""
    started = notice("recording_started", 1, "a")
    assert clips_under_way([started]) == [Begun(event_id="a", at_utc=None)]
    [clip] = clips_under_way([started, notice("camera_ready", 4)])
    assert clip.at_utc == before_cut(6)


@pytest.mark.parametrize(("duration_s", "is_kept"), [(4.0, True), (3.9, False)])
def test_the_last_second_may_be_missing_and_no_more(duration_s: float, is_kept: bool) -> None:
    """Counted from the end of what was salvaged to the cut."""
    clip = Begun(event_id="a", at_utc=before_cut(4))
    ending = ending_of(clip, CUT_AT_UTC, [video(began_before_s=5, duration_s=duration_s)])
    assert ending.lost_s == pytest.approx(5 - duration_s)
    assert ending.is_kept is is_kept


@pytest.mark.parametrize(("age_s", "is_kept"), [(1.0, True), (1.1, False)])
def test_only_a_clip_of_the_last_second_may_be_gone(age_s: float, is_kept: bool) -> None:
    """Nor does a video help that was filmed after the cut."""
    clip = Begun(event_id="a", at_utc=before_cut(age_s))
    later = video(began_before_s=-60, duration_s=5, is_salvaged=False)
    ending = ending_of(clip, CUT_AT_UTC, [later])
    assert (ending.lost_s, ending.is_kept) == (None, is_kept)


def test_a_clip_that_waited_to_be_stored_has_lost_nothing() -> None:
    """It was over before the cut, so the time since then was never filmed."""
    clip = Begun(event_id="a", at_utc=before_cut(9))
    whole = video(began_before_s=9, duration_s=6, is_salvaged=False)
    assert ending_of(clip, CUT_AT_UTC, [whole]).is_kept


def test_complete_clips_do_not_flatter_the_seconds_lost() -> None:
    """The median is of those that were cut."""
    endings = [
        Ending(event_id="a", age_s=3, lost_s=0.4),
        Ending(event_id="b", age_s=9, lost_s=3.0, is_complete=True),
        Ending(event_id="c", age_s=0.5, lost_s=None),
        Ending(event_id="d", age_s=2, lost_s=1.5),
        Ending(event_id="e", age_s=2, lost_s=None),
    ]
    counts = [text for _, text in ending_rows(endings)]
    assert counts == ["5", "1", "2", "1", "2 (d, e)", "0.40", "1.50"]
