"""What `surveillance.db` has beside the spec's tables: dead letters and clip jobs."""

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from attrs import evolve

from surveil_adapters.sqlite.clip_jobs import SqliteClipJobs
from surveil_adapters.sqlite.dead_letters import SqliteDeadLetters
from surveil_adapters.sqlite.event_store import MAX_DEAD_LETTERS, SqliteEventStore, event_letters
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.surveillance_db import SCHEMA_VERSION, SurveillanceDb
from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.events import SensorKind
from surveil_core.ports.dead_letters import DeadLetter
from tests.contracts.clip_jobs import ClipJobsContract, JobSite, film
from tests.contracts.dead_letters import DeadLettersContract, MakeLetters
from tests.contracts.event_store import add, received
from tests.examples import MOTION_EVENT, SENSORS, clip_of, event_number
from tests.integration.sqlite_files import query

BAD = DeadLetter(topic="sensor/motion", payload=b"\xff\x00", reason="not UTF-8")


@pytest.fixture
def db(tmp_path: Path) -> SurveillanceDb:
    """Name a database that does not exist yet."""
    return SurveillanceDb(path=tmp_path / "data" / "surveillance.db", sensors=SENSORS)


@pytest.fixture
def events(db: SurveillanceDb) -> Iterator[SqliteEventStore]:
    """Write events to `db`."""
    with closing(SqliteEventStore(db)) as store:
        yield store


class TestEventLetters(DeadLettersContract):
    @pytest.fixture
    def make_letters(self, db: SurveillanceDb, events: SqliteEventStore) -> MakeLetters:
        def make(letters: Sequence[DeadLetter]) -> SqliteDeadLetters:
            events.add_events([], letters)
            return event_letters(db)

        return make


class TestSqliteClipJobs(ClipJobsContract):
    @pytest.fixture
    def site(
        self, db: SurveillanceDb, events: SqliteEventStore, tmp_path: Path
    ) -> Iterator[JobSite]:
        with ExitStack() as stack:
            media = stack.enter_context(closing(SqliteMediaStore(db)))

            def add_clip(row_ids: Sequence[int]) -> None:
                media.add_clip(clip_of(tmp_path / "clip.mp4", b"video"), event_row_ids=row_ids)

            yield JobSite(
                jobs=SqliteClipJobs(db),
                events=events,
                add_clip=add_clip,
                reason_of=lambda row_id: _reason_of(db, row_id),
            )


def _reason_of(db: SurveillanceDb, row_id: int) -> str | None:
    rows = query(db.path, "SELECT raison_abandon FROM travail_clip WHERE id_evenement = ?", row_id)
    return rows[0][0] if rows else None


def test_revived_letter_becomes_a_row_once(db: SurveillanceDb, events: SqliteEventStore) -> None:
    """An event that a letter turns out to be is stored, unless it is there already."""
    add(events)
    events.add_events([], [BAD, BAD])
    letters = event_letters(db)
    assert letters.revive(1, event_number(1))
    assert letters.revive(2, MOTION_EVENT)
    assert query(db.path, "SELECT event_id FROM evenement ORDER BY id_evenement") == [
        (MOTION_EVENT.event_id,),
        (event_number(1).event_id,),
    ]
    assert query(db.path, "SELECT count(*) FROM travail_clip") == [(0,)]


def test_letters_are_bounded_and_the_dropped_counted(
    db: SurveillanceDb, events: SqliteEventStore
) -> None:
    """Above the quota the oldest letters go, and their number can be read."""
    tenth = [BAD] * (MAX_DEAD_LETTERS // 10)
    dropped = [events.add_events([], tenth).dropped_letters for _ in range(11)]
    assert dropped == [0] * 10 + [len(tenth)]
    letters = event_letters(db)
    assert letters.dropped_letters() == MAX_DEAD_LETTERS // 10
    assert letters.list_letters(limit=1)[0].letter_id == MAX_DEAD_LETTERS // 10 + 1
    assert query(db.path, "SELECT count(*) FROM dead_letter") == [(MAX_DEAD_LETTERS,)]


def test_reason_that_utf8_cannot_hold_is_kept_in_part(
    db: SurveillanceDb, events: SqliteEventStore
) -> None:
    """Half a surrogate pair, which JSON can smuggle in, stops nobody."""
    events.add_events([], [evolve(BAD, reason="field '\ud800' is missing")])
    (stored,) = event_letters(db).list_letters()
    assert stored.letter.reason == "field '?' is missing"


def test_row_that_the_schema_refuses_is_no_matter_of_waiting(db: SurveillanceDb) -> None:
    """The caller is told that trying again cannot help, and nothing of the group is stored."""
    impossible = evolve(event_number(1, SensorKind.BUTTON), data={"gpio_pin": 5000})
    with closing(SqliteEventStore(evolve(db, sensors=SENSORS[:1]))) as store:
        with pytest.raises(DataLost, match=r"surveillance\.db: .*trying again cannot help"):
            store.add_events([received(), received(impossible)], [BAD])
        assert add(store).row_id == 1
    assert query(db.path, "SELECT count(*) FROM dead_letter") == [(0,)]


def test_deleted_event_takes_its_job_along(db: SurveillanceDb, events: SqliteEventStore) -> None:
    """Deleting an event by hand leaves no job behind that nobody can do."""
    events.add_events([film(1), film(2)])
    with closing(sqlite3.connect(db.path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM evenement WHERE id_evenement = 1")
    assert [job.event_row_id for job in SqliteClipJobs(db).open_jobs()] == [2]


def test_clip_that_fails_keeps_the_jobs(
    db: SurveillanceDb, events: SqliteEventStore, tmp_path: Path
) -> None:
    """Jobs are struck out with the video or not at all."""
    events.add_events([film(1)])
    clip = clip_of(tmp_path / "clip.mp4", b"video")
    with closing(SqliteMediaStore(db)) as media, pytest.raises(DataLost):
        media.add_clip(clip, event_row_ids=[1, 99])
    assert [job.event_row_id for job in SqliteClipJobs(db).open_jobs()] == [1]


def test_file_of_version_1_is_migrated_in_place(
    db: SurveillanceDb, events: SqliteEventStore, tmp_path: Path
) -> None:
    """A file of the first release keeps its rows and gets the new tables."""
    add(events)
    events.close()
    with closing(sqlite3.connect(db.path)) as connection:
        connection.executescript(
            "DROP TABLE travail_clip; DROP TABLE dead_letter; DROP TABLE dead_letter_total;"
            "DROP TABLE apercu; DROP TABLE somme_media; DROP TABLE tournage;"
            "DROP TABLE epingle_media; DROP TABLE fichier_media;"
            "PRAGMA user_version = 1;"
        )
    with pytest.raises(StoreUnavailable, match=r"no such table.*start the service"):
        event_letters(db).list_letters()
    with closing(SqliteEventStore(db)) as store:
        stored = store.add_events([received(), film(1)], [BAD]).rows
    assert [(one.row_id, one.is_new) for one in stored] == [(1, False), (2, True)]
    assert [s.letter for s in event_letters(db).list_letters()] == [BAD]
    assert [job.event_row_id for job in SqliteClipJobs(db).open_jobs()] == [2]
    with closing(SqliteMediaStore(db)) as media:
        media.add_clip(clip_of(tmp_path / "clip.mp4", b"video"), event_row_ids=[2])
    assert query(db.path, "SELECT crc32 FROM somme_media") == [(zlib.crc32(b"video"),)]
    assert query(db.path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert query(db.path, "PRAGMA integrity_check") == [("ok",)]
