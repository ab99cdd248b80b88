"""`surveillance.db` damaged as disks and hands do, looked at beside a writer."""

import os
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.inspection import SqliteInspection
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_adapters.sqlite.video_stock import SqliteVideoStock
from surveil_core.errors import DataLost, StoreUnavailable
from tests.contracts.clip_jobs import film
from tests.contracts.inspection import InspectionContract
from tests.integration.stored_clips import (
    change,
    event_of,
    leaf_pages,
    overwrite_pages,
    store_clips,
    video_page,
)

VIDEO = os.urandom(50_000)


@pytest.fixture
def db(tmp_path: Path) -> SurveillanceDb:
    """Store clips 1 to 3. Whether their bytes are a video is of no matter here."""
    return store_clips(tmp_path / "data", VIDEO, clips=3)


@pytest.fixture
def inspection(db: SurveillanceDb) -> SqliteInspection:
    """Look at `db`."""
    return SqliteInspection(db.path)


class TestSqliteInspection(InspectionContract):
    @pytest.fixture
    def db(self, tmp_path: Path) -> SurveillanceDb:
        """With as many bytes in the row itself that each row has a page of its own."""
        return store_clips(tmp_path / "data", os.urandom(50_000 + 2_800), clips=3)

    @pytest.fixture
    def inspection(self, db: SurveillanceDb) -> SqliteInspection:
        return SqliteInspection(db.path)

    @pytest.fixture
    def lose_row(self, db: SurveillanceDb) -> Callable[[int], None]:
        def lose(media_id: int) -> None:
            overwrite_pages(db, [leaf_pages(db, "media")[media_id - 1]], new=b"\xff" * 100)

        return lose

    @pytest.fixture
    def delete_by_hand(self, db: SurveillanceDb) -> Callable[[int], None]:
        return lambda media_id: change(db, "DELETE FROM media WHERE id_media = ?", media_id)

    @pytest.fixture
    def delete(self, db: SurveillanceDb) -> Iterator[Callable[[int], None]]:
        with closing(SqliteVideoStock(db)) as stock:
            yield lambda media_id: stock.give_up([media_id], reason="why")


class TestSqliteInspectionOfFiles(TestSqliteInspection):
    @pytest.fixture
    def db(self, tmp_path: Path) -> SurveillanceDb:
        """With as many words in the row that each row has a page of its own."""
        db = store_clips(tmp_path / "data", VIDEO, clips=3, place="files")
        change(db, "UPDATE media SET codec = codec || hex(zeroblob(1400))")
        return db


@pytest.fixture
def writing(db: SurveillanceDb) -> Iterator[list[int]]:
    """Store events all the time, as a busy service; gives how many it has stored."""
    stored, stop = [0], threading.Event()

    def write() -> None:
        with closing(SqliteEventStore(db)) as events:
            while not stop.is_set():
                events.add_events([film(100 + stored[0])])
                stored[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield stored
    finally:
        stop.set()
        writer.join()


def test_what_is_written_meanwhile_is_no_damage(
    inspection: SqliteInspection, writing: list[int]
) -> None:
    """At worst it is said that nothing can be said; the writer goes on."""
    while writing[0] < 20:
        with suppress(StoreUnavailable):
            assert list(inspection.find_file_faults()) == []


@pytest.fixture
def unfinished(db: SurveillanceDb) -> Iterator[sqlite3.Connection]:
    """Be in the middle of a transaction, as a service that writes."""
    with closing(sqlite3.connect(db.path, timeout=0, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE capteur SET emplacement = 'Porte'")
        yield connection


def test_sound_file_is_sound_beside_a_writer(
    inspection: SqliteInspection, unfinished: sqlite3.Connection
) -> None:
    """A look that finds nothing is believed."""
    assert list(inspection.find_file_faults()) == []
    unfinished.execute("COMMIT")


def test_damage_beside_a_writer_is_not_judged(
    db: SurveillanceDb, inspection: SqliteInspection, unfinished: sqlite3.Connection
) -> None:
    """It may be what is being written, and no lock is taken to find out; at rest it is told."""
    overwrite_pages(db, [video_page(db, VIDEO[20_000:20_040])], new=b"\xff\xff\xff\xff")
    with pytest.raises(StoreUnavailable, match=r"while services write to it .*stop them"):
        inspection.find_file_faults()
    unfinished.execute("ROLLBACK")
    assert any("page" in fault for fault in inspection.find_file_faults())


def test_missing_references_are_counted(db: SurveillanceDb, inspection: SqliteInspection) -> None:
    """Rows that point nowhere, by table."""
    change(db, "DELETE FROM evenement WHERE id_evenement IN (1, 2)")
    assert sorted(inspection.find_file_faults()) == [
        "rows of media refer to rows of evenement that are not there: 2",
        "rows of media_evenement refer to rows of evenement that are not there: 2",
    ]
    row = inspection.read_row(1)
    assert row is not None
    assert not row.has_event
    assert list(inspection.event_ids(1)) == []


def test_clip_without_a_link_names_its_trigger(
    db: SurveillanceDb, inspection: SqliteInspection
) -> None:
    """`media.id_evenement` knows it still."""
    change(db, "DELETE FROM media_evenement WHERE id_media = 2")
    row = inspection.read_row(2)
    assert row is not None
    assert list(row.linked_row_ids) == []
    assert list(inspection.event_ids(2)) == [event_of(2)]


def test_sum_of_the_video_is_known(db: SurveillanceDb, inspection: SqliteInspection) -> None:
    """As it was stored; of a video that an earlier release stored it is not."""
    change(db, "DELETE FROM somme_media WHERE id_media = 2")
    rows = [inspection.read_row(media_id) for media_id in (1, 2)]
    assert [None if row is None else row.crc32 for row in rows] == [zlib.crc32(VIDEO), None]


MISSING = {
    "index media_par_evenement": "DROP INDEX media_par_evenement",
    "media_evenement": "DROP TABLE media_evenement",
    "somme_media": "DROP TABLE somme_media",
    "apercu": "DROP TABLE apercu",
}


@pytest.mark.parametrize("way", MISSING)
def test_missing_table_or_index_is_a_fault_of_one_way(
    db: SurveillanceDb, inspection: SqliteInspection, way: str
) -> None:
    """The clips are found by the others, and their rows read."""
    change(db, MISSING[way])
    found = inspection.find_clips()
    assert list(found.media_ids) == [1, 2, 3]
    [fault] = found.faults
    assert fault.startswith(f"{way} cannot be read as a whole: no such ")
    assert fault.endswith("bring a file of an earlier release up to date when they start")
    row = inspection.read_row(2)
    assert row is not None
    assert row.has_event
    assert row.crc32 == (None if way == "somme_media" else zlib.crc32(VIDEO))
    assert list(inspection.event_ids(2)) == [event_of(2)]


def test_columns_that_hold_nonsense_are_damage(
    db: SurveillanceDb, inspection: SqliteInspection
) -> None:
    """SQLite takes any value in any column."""
    change(db, "UPDATE media SET duree = 'long' WHERE id_media = 2")
    with pytest.raises(DataLost, match=r"its columns hold what they cannot.*long"):
        inspection.read_row(2)


def test_all_ways_lost_is_told_not_raised(db: SurveillanceDb, inspection: SqliteInspection) -> None:
    """A file that is no database any more has no clips, and says why."""
    db.path.write_bytes(b"no database at all" * 1000)
    found = inspection.find_clips()
    assert list(found.media_ids) == []
    assert all("file is not a database" in fault for fault in found.faults)
    assert all("file is not a database" in fault for fault in inspection.find_file_faults())


def test_missing_file_is_unavailable(tmp_path: Path) -> None:
    """It is not made."""
    path = tmp_path / "surveillance.db"
    for look in (SqliteInspection(path).find_file_faults, SqliteInspection(path).file_bytes):
        with pytest.raises(StoreUnavailable, match=r"surveillance\.db"):
            look()
    assert not path.exists()
