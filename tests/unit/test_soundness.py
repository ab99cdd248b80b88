"""What counts as damage of a stored clip, and what is said about it."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from surveil_core.soundness import (
    TOLERANCE_S,
    ClipRow,
    Harm,
    MeasuredVideo,
    advise,
    judge_match,
    judge_pictures,
    judge_row,
)
from tests.examples import RECEIVED_AT_UTC

ROW = ClipRow(
    media_id=3,
    clip_bytes=1000,
    stored_bytes=1000,
    duration_s=13.0,
    resolution="1280x720",
    codec="h264",
    event_row_id=7,
    has_event=True,
    linked_row_ids=(7, 8),
    started_at_utc=RECEIVED_AT_UTC,
    pre_roll_s=3.0,
    camera_number=1,
    salvaged=False,
    missing_s=0.0,
    crc32=0x12345678,
)
VIDEO = MeasuredVideo(
    duration_s=13.0,
    resolution="1280x720",
    codec="h264",
    pictures=195,
    announced_pictures=195,
    begins_with_keyframe=True,
    crc32=0x12345678,
)


def test_sound_clip_has_no_fault() -> None:
    """What was filmed and stored as it should be is sound."""
    assert [*judge_row(ROW), *judge_pictures(VIDEO), *judge_match(ROW, VIDEO)] == []


@pytest.mark.parametrize(
    ("row", "text", "remedy"),
    [
        (
            evolve(ROW, stored_bytes=900),
            "taille is 1000, video has 900 bytes",
            "UPDATE media SET taille = 900 WHERE id_media = 3",
        ),
        (
            evolve(ROW, linked_row_ids=()),
            "media_evenement does not link it to its event, row 7",
            "INSERT INTO media_evenement VALUES (3, 7)",
        ),
        (
            evolve(ROW, linked_row_ids=(8,)),
            "media_evenement does not link it to its event, row 7",
            "INSERT INTO media_evenement VALUES (3, 7)",
        ),
        (
            evolve(ROW, has_event=False, linked_row_ids=()),
            "its event, row 7 of evenement, is gone",
            None,
        ),
        (
            evolve(ROW, started_at_utc=None),
            "date_debut is no time",
            "UPDATE media SET date_debut = (SELECT date_evenement FROM evenement "
            "WHERE id_evenement = 7) WHERE id_media = 3",
        ),
        (
            evolve(ROW, camera_number=-5),
            "numero_camera is -5, cameras count from 1",
            "UPDATE media SET numero_camera = 1 WHERE id_media = 3",
        ),
    ],
)
def test_wrong_row_is_told_with_its_remedy(row: ClipRow, text: str, remedy: str | None) -> None:
    """The row says one thing, the database another."""
    [fault] = judge_row(row)
    assert (fault.harm, fault.text, fault.remedy) == (Harm.ROW, text, remedy)


def test_missing_file_is_told_with_its_place() -> None:
    """Its size is no matter then; it can be put back."""
    [fault] = judge_row(evolve(ROW, stored_bytes=0, missing_file="/data/videos/a.mp4"))
    assert fault.harm is Harm.FILE
    assert fault.text == "its file /data/videos/a.mp4 is not there"
    assert advise(3, [fault]).startswith("put the file back there")
    assert "`clips delete 3` removes the row" in advise(3, [fault])


@pytest.mark.parametrize(
    ("pre_roll_s", "is_sound"),
    [(0, True), (13.1, True), (13.3, False), (99, False), (-1, False), (float("nan"), False)],
)
def test_trigger_lies_within_the_clip(pre_roll_s: float, is_sound: bool) -> None:
    """Unless a crash took the end, and the trigger along, or nobody knows what was filmed."""
    faults = list(judge_row(evolve(ROW, pre_roll_s=pre_roll_s)))
    assert bool(faults) is not is_sound
    for unknown_end in (evolve(ROW, salvaged=True), evolve(ROW, missing_s=None)):
        faults = list(judge_row(evolve(unknown_end, pre_roll_s=pre_roll_s)))
        assert bool(faults) is not (pre_roll_s >= 0)


def test_trigger_may_lie_where_nothing_was_filmed() -> None:
    """The camera had failed before it; the pictures of the pre-roll are sound."""
    row = evolve(ROW, duration_s=1.0, pre_roll_s=3.0)
    assert list(judge_row(row))
    assert list(judge_row(evolve(row, missing_s=12.0))) == []


@pytest.mark.parametrize(
    ("video", "text"),
    [
        (evolve(VIDEO, pictures=100), "it holds 100 of 195 pictures"),
        (evolve(VIDEO, begins_with_keyframe=False), "its first picture is no keyframe"),
        (
            evolve(VIDEO, undecodable=2, first_undecodable_at_s=4.2),
            "2 of 195 pictures do not decode, the first at 4.20 s",
        ),
    ],
)
def test_pictures_that_do_not_play_are_told(video: MeasuredVideo, text: str) -> None:
    """No row can mend them."""
    [fault] = judge_pictures(video)
    assert (fault.harm, fault.text, fault.remedy) == (Harm.PICTURES, text, None)


@pytest.mark.parametrize(
    ("video", "text", "remedy"),
    [
        (
            evolve(VIDEO, duration_s=9.5),
            "duree is 13, its pictures last 9.5 s",
            "UPDATE media SET duree = 9.5 WHERE id_media = 3",
        ),
        (
            evolve(VIDEO, resolution="640x480"),
            "resolution is 1280x720, they are 640x480",
            "UPDATE media SET resolution = '640x480' WHERE id_media = 3",
        ),
        (
            evolve(VIDEO, codec="hevc"),
            "codec is h264, they are hevc",
            "UPDATE media SET codec = 'hevc' WHERE id_media = 3",
        ),
    ],
)
def test_row_that_describes_other_pictures_is_told(
    video: MeasuredVideo, text: str, remedy: str
) -> None:
    """The pictures are right then."""
    [fault] = judge_match(ROW, video)
    assert (fault.harm, fault.text, fault.remedy) == (Harm.ROW, text, remedy)


def test_changed_bytes_are_told_even_if_they_decode() -> None:
    """Where it is known what was stored."""
    changed = evolve(VIDEO, crc32=1)
    [fault] = judge_match(ROW, changed)
    assert fault.harm is Harm.PICTURES
    assert fault.text == "its bytes are not those that were stored (CRC-32)"
    assert list(judge_match(evolve(ROW, crc32=None), changed)) == []


@given(st.floats(0, 1000), st.floats(-1, 1) | st.just(float("nan")))
def test_length_may_differ_by_the_tolerance(duration_s: float, error_s: float) -> None:
    """Below it nothing is said, above it always; what is no number is always wrong."""
    row = evolve(ROW, duration_s=duration_s + error_s)
    faults = list(judge_match(row, evolve(VIDEO, duration_s=duration_s)))
    if abs(abs(error_s) - TOLERANCE_S) > 1e-9:
        assert bool(faults) == (not abs(error_s) < TOLERANCE_S)


def test_advice_is_for_the_worst_fault() -> None:
    """Whoever reads it must not mend a row whose pictures are lost."""
    wrong_row = list(judge_row(evolve(ROW, stored_bytes=900, linked_row_ids=())))
    no_event = list(judge_row(evolve(ROW, has_event=False)))
    no_pictures = list(judge_pictures(evolve(VIDEO, pictures=0)))
    assert advise(3, wrong_row) == (
        "the pictures are whole; mend the row by the SQL: "
        "UPDATE media SET taille = 900 WHERE id_media = 3; "
        "INSERT INTO media_evenement VALUES (3, 7)"
    )
    assert "`clips export 3 --to FOLDER` keeps them" in advise(3, [*wrong_row, *no_event])
    assert "keeps what still plays" in advise(3, [*wrong_row, *no_event, *no_pictures])
