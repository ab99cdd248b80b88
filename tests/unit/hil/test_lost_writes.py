"""Which events and videos a disk still has, and which it must have."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.hil.campaigns.endings import Ending, Video, gone
from tests.hil.campaigns.lost_writes import (
    Findings,
    Look,
    Replay,
    around,
    kept_in,
    shortened,
)
from tests.hil.campaigns.lost_writes_page import clip_text


def fill(file: Path, *statements: str) -> None:
    file.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(";".join(statements))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Event a is in the journal, b in both places, c in the database alone."""
    fill(
        tmp_path / "journal/sensor-motion.db",
        "CREATE TABLE record (payload BLOB)",
        """INSERT INTO record VALUES ('{"event_id": "evt-a"}')""",
    )
    fill(
        tmp_path / "surveillance.db",
        "CREATE TABLE evenement (event_id TEXT)",
        "INSERT INTO evenement VALUES ('evt-b'), ('evt-c')",
    )
    fill(
        tmp_path / "outbox.db",
        "CREATE TABLE known_event (event_key TEXT)",
        "INSERT INTO known_event VALUES ('2/pi/evt-b')",
    )
    return tmp_path


def test_what_the_journal_or_both_places_have_is_kept(data_dir: Path) -> None:
    """An event that only one of the two has, and the journal no more, is lost to the other."""
    assert kept_in(data_dir) == {"evt-a", "evt-b"}


def test_an_empty_disk_keeps_nothing(tmp_path: Path) -> None:
    """The power went before there was any file."""
    assert kept_in(tmp_path) == frozenset()


NOON_UTC = datetime(2025, 1, 15, 12, tzinfo=UTC)
VIDEOS = [
    Video(event_id=event_id, began_at_utc=NOON_UTC, duration_s=duration_s, is_salvaged=True)
    for event_id, duration_s in (("a", 4.0), ("b", 2.0))
]


def test_a_cut_is_dated_late_and_what_was_told_early() -> None:
    """Neither is in our favour: the disk was like this until its next write."""
    looks = [
        Look(told_bytes=told, log_bytes=log, seen_at_utc=NOON_UTC + timedelta(seconds=second))
        for second, (told, log) in enumerate([(10, 100), (20, 100), (30, 300)])
    ]
    assert around(looks, 100) == (20, NOON_UTC + timedelta(seconds=2))
    assert around(looks, 299) == (20, NOON_UTC + timedelta(seconds=2))


def test_what_was_flushed_of_a_clip_must_be_there() -> None:
    """All of it, whatever else the disk had time for."""
    assert list(shortened({"a": 4.0}, VIDEOS)) == []
    faults = list(shortened({"a": 4.1, "c": 1.0}, VIDEOS))
    assert faults == [
        "of the clip of a 4.10 s were flushed, 4.00 s are there",
        "of the clip of c 1.00 s were flushed, 0.00 s are there",
    ]


def test_what_was_stored_must_be_there() -> None:
    """A video that is gone is named."""
    assert gone({"a", "c"}, VIDEOS) == ["c"]


def replay(*endings: Ending, **faults: tuple[str, ...]) -> Replay:
    return Replay(
        writes=9, since_flush=2, survived=1, accepted=3, stored=1, endings=endings, **faults
    )


CUT = Ending(event_id="a", age_s=3.0, lost_s=0.5)


def test_every_kind_of_loss_is_a_broken_promise() -> None:
    """And so is a campaign in which there was no clip to lose."""
    assert Findings(1, 1, [replay(CUT)]).is_kept
    assert not Findings(1, 1, [replay(CUT, missing=("evt",))]).is_kept
    assert not Findings(1, 1, [replay(CUT, faults=("e2fsck",))]).is_kept
    assert not Findings(1, 1, [replay(Ending(event_id="a", age_s=3, lost_s=1.1))]).is_kept
    assert not Findings(1, 1, [replay()]).is_kept
    assert not Findings(1, 1).is_kept


def test_what_became_of_a_clip_is_said() -> None:
    """Complete, cut, or nothing there yet."""
    young = Ending(event_id="b", age_s=0.25, lost_s=None)
    done = Ending(event_id="c", age_s=7, lost_s=2.0, is_complete=True)
    text = "0.50 s lost, begun 0.25 s before, nothing there, complete"
    assert clip_text(replay(CUT, young, done)) == text
    assert clip_text(replay()) == "–"
