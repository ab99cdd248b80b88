"""How `clips` writes what it shows, and what it takes for a clip's name."""

from datetime import UTC, datetime

import pytest

from apps.edge.clips_choice import choose_clips
from apps.edge.clips_export import clip_name
from apps.edge.clips_words import counted, event_names, human_size, local_time, printable
from surveil_core.errors import ConfigurationError
from surveil_core.ports.archive import MediaRecord
from tests.fakes.inspection import FakeInspection

STARTED_AT_UTC = datetime(2025, 1, 15, 14, 30, 42, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (2_457_600, "2.3 MiB"),
        (8 * 1024**3, "8.0 GiB"),
        (5 * 1024**4, "5120.0 GiB"),
    ],
)
def test_sizes_are_for_people(size_bytes: int, words: str) -> None:
    """In the unit that makes the number short."""
    assert human_size(size_bytes) == words


def test_times_are_local_and_say_their_zone() -> None:
    """Whatever zone this machine is in."""
    local = STARTED_AT_UTC.astimezone()
    assert local_time(STARTED_AT_UTC) == local.strftime("%Y-%m-%d %H:%M:%S %Z")


def test_numbers_agree_with_their_things() -> None:
    """One clip, two clips."""
    assert [counted(n) for n in (0, 1, 2)] == ["0 clips", "1 clip", "2 clips"]


def test_many_events_are_cut_short() -> None:
    """The first ones are named, the others counted."""
    assert event_names([]) == "no event"
    assert event_names(["a", "b", "c"]) == "a, b, c"
    assert event_names(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_ids_do_not_move_the_cursor() -> None:
    """They come from the network."""
    assert printable("evt\x1b[2J\n") == "evt\ufffd[2J\ufffd"
    assert event_names(["\x07"]) == "\ufffd"


@pytest.mark.parametrize(
    ("event_ids", "name"),
    [
        (["evt-1", "evt-2"], "clip_12_20250115T143042Z_evt-1.mp4"),
        (["../é b"], "clip_12_20250115T143042Z_..___b.mp4"),
        (["x" * 128], f"clip_12_20250115T143042Z_{'x' * 80}.mp4"),
        ([], "clip_12_20250115T143042Z_no-event.mp4"),
    ],
)
def test_exported_file_is_named_by_its_trigger(event_ids: list[str], name: str) -> None:
    """In letters that every file system takes."""
    record = MediaRecord(
        media_id=12,
        event_ids=event_ids,
        started_at_utc=STARTED_AT_UTC,
        duration_s=13.0,
        pre_roll_s=3.0,
        clip_bytes=1000,
        resolution="1280x720",
        codec="h264",
        camera_number=1,
    )
    assert clip_name(record) == name


def test_clip_of_a_damaged_row_is_named_without_its_time() -> None:
    """It can be exported all the same."""
    record = MediaRecord(
        media_id=12,
        event_ids=["evt-1"],
        started_at_utc=None,
        duration_s=13.0,
        pre_roll_s=3.0,
        clip_bytes=1000,
        resolution="1280x720",
        codec="h264",
        camera_number=1,
        damaged=True,
    )
    assert clip_name(record) == "clip_12_unknown-time_evt-1.mp4"


def test_clips_are_chosen_once_each() -> None:
    """In the order in which they are named; `all` is whatever can be found."""
    inspection = FakeInspection(events={3: ("evt-3",), 1: ("evt-1",)})
    assert list(choose_clips(inspection, ["5", "2", "5"])) == [5, 2]
    assert list(choose_clips(inspection, ["all"])) == [1, 3]


@pytest.mark.parametrize(
    "name", ["", "0", "-1", "1.5", "evt-1", "ALL", "²", "9" * 30, "0" * 19 + "1", str(2**63)]
)
def test_what_is_no_number_of_a_clip_is_refused(name: str) -> None:
    """With what was given and what is allowed."""
    with pytest.raises(ConfigurationError, match="expected a number that `clips list` shows"):
        choose_clips(FakeInspection(), ["1", name])
