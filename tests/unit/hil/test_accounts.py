"""The accounts after a campaign: they must find what is wrong."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import define

from tests.hil.campaigns.accounts import Clips, account_for_clips, account_for_events
from tests.hil.campaigns.power_cut import Cut
from tests.hil.campaigns.traces import Traces

SCHEMA = """
CREATE TABLE evenement (id_evenement INTEGER PRIMARY KEY, event_id TEXT, timestamp REAL,
                        source TEXT);
CREATE TABLE media (id_media INTEGER PRIMARY KEY, date_debut TEXT, duree REAL, recupere INTEGER,
                    video BLOB);
CREATE TABLE media_evenement (id_media INTEGER, id_evenement INTEGER);
CREATE TABLE travail_clip (id_evenement INTEGER, raison_abandon TEXT);
"""


@define
class Aftermath:
    """What a campaign left: the database and the traces of one boot."""

    folder: Path

    @property
    def traces(self) -> Traces:
        return Traces(self.folder)

    @property
    def database(self) -> Path:
        return self.folder / "surveillance.db"

    def fill(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection:
            connection.executescript(SCHEMA + ";".join(statements))

    def tell(self, *notices: dict[str, object]) -> None:
        self.traces.log(0).write_text("".join(json.dumps(one) + "\n" for one in notices))

    def post(self, *event_ids: str) -> None:
        known: set[str] = set()
        with self.traces.cloud.open("w") as stream:
            for event_id in event_ids:
                post = {"key": ["pi", event_id], "new": event_id not in known, "source": "PIR"}
                known.add(event_id)
                stream.write(json.dumps(post) + "\n")


@pytest.fixture
def aftermath(tmp_path: Path) -> Aftermath:
    return Aftermath(tmp_path)


def published(event_id: str) -> dict[str, object]:
    return {"event": "event_published", "event_id": event_id}


def test_all_is_well(aftermath: Aftermath) -> None:
    """What was accepted is in both places once; a repeat that the cloud knew does no harm."""
    aftermath.tell(published("a"), published("b"))
    aftermath.fill("INSERT INTO evenement VALUES (1, 'a', 1.0, 'PIR'), (2, 'b', 2.0, 'PIR')")
    aftermath.post("a", "a", "b")
    events = account_for_events(aftermath.traces, 1, aftermath.database)
    assert events.is_kept
    assert (events.accepted, events.in_database, events.in_cloud) == (2, 2, 2)
    assert events.posted_again == 1


def test_each_fault_is_named(aftermath: Aftermath) -> None:
    """Missing here or there, twice, and in the wrong order."""
    aftermath.tell(published("a"), published("b"), published("c"))
    aftermath.fill(
        "INSERT INTO evenement VALUES (1, 'c', 3.0, 'PIR'), (2, 'b', 2.0, 'PIR')",
        "INSERT INTO evenement VALUES (3, 'b', 2.0, 'PIR'), (4, 'd', 1.0, 'BUTTON')",
    )
    aftermath.post("c", "b")
    events = account_for_events(aftermath.traces, 1, aftermath.database)
    assert not events.is_kept
    assert events.missing_in_database == events.missing_in_cloud == ("a",)
    assert events.twice_in_database == ("b",)
    assert (events.out_of_order_in_database, events.out_of_order_in_cloud) == (2, 1)


def test_a_line_cut_in_the_middle_is_passed_over(aftermath: Aftermath) -> None:
    """The last line of a log may have been cut with the power."""
    aftermath.tell(published("a"))
    with aftermath.traces.log(0).open("a") as stream:
        stream.write('{"event": "event_publ')
    assert aftermath.traces.accepted_ids(1) == ["a"]


def clips_of(aftermath: Aftermath) -> Clips:
    """Account for one cut, at 12:00:10, while the clip of event `a` was filmed."""
    aftermath.tell({"event": "recording_started", "event_id": "a"})
    at_utc = datetime(2025, 1, 15, 12, 0, 10, tzinfo=UTC)
    cut = Cut(boot=0, is_in_start=False, after_s=1.0, at_utc=at_utc)
    return account_for_clips(aftermath.traces, [cut], aftermath.database, aftermath.folder)


def test_the_seconds_lost_are_those_up_to_the_cut(aftermath: Aftermath) -> None:
    """A clip from 12:00:04 of 5.5 s has lost half a second; what is no video does not play."""
    aftermath.fill(
        "INSERT INTO evenement VALUES (1, 'a', 1.0, 'PIR')",
        "INSERT INTO media VALUES (7, '2025-01-15T12:00:04.000000', 5.5, 1, x'00')",
        "INSERT INTO media_evenement VALUES (7, 1)",
    )
    clips = clips_of(aftermath)
    assert clips.lost_s == (0.5,)
    assert (clips.stored, clips.salvaged, clips.unplayable) == (1, 1, (7,))


def test_a_clip_that_is_gone_is_named(aftermath: Aftermath) -> None:
    """No video, and a reason or none: both are counted."""
    aftermath.fill(
        "INSERT INTO evenement VALUES (1, 'a', 1.0, 'PIR'), (2, 'b', 2.0, 'PIR')",
        "INSERT INTO travail_clip VALUES (1, 'no pictures'), (2, NULL)",
    )
    clips = clips_of(aftermath)
    assert clips.without_video == ("a (cut 1)",)
    assert clips.given_up == ("a: no pictures",)
    assert clips.still_open == 1
