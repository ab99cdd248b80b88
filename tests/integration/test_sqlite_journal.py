"""`journal.db` on a real disk: the contract, and bad days."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from surveil_adapters.sqlite.journal import SqliteJournal
from surveil_core.errors import StoreUnavailable
from tests.contracts.journal import JournalContract, record
from tests.integration.sqlite_files import mounted_disk, python, query, seeded_random

KILLS = 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a journal that does not exist yet."""
    return tmp_path / "data" / "journal.db"


class TestSqliteJournal(JournalContract):
    @pytest.fixture
    def journal(self, path: Path) -> Iterator[SqliteJournal]:
        with closing(SqliteJournal(path)) as journal:
            yield journal


def test_reopened_journal_goes_on(path: Path) -> None:
    """What was appended, the count of bytes and the newest id outlive the process."""
    with closing(SqliteJournal(path)) as journal:
        journal.append([record(1, b"a"), record(2, b"bc")])
        journal.forget([2])
    with closing(SqliteJournal(path)) as journal:
        assert [r.payload for r in journal.read_after(0, limit=9)] == [b"a"]
        assert (journal.last_id(), journal.waiting_bytes()) == (2, 14)


def test_commits_are_on_the_disk(path: Path) -> None:
    """The file is in WAL mode, with `synchronous` FULL on the connection that writes."""
    with closing(SqliteJournal(path)) as journal:
        journal.append([record(1)])
        with journal._kept.reading() as connection:
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert query(path, "PRAGMA journal_mode") == [("wal",)]


def test_killed_writer_loses_nothing_it_had_written(path: Path) -> None:
    """Killed at random instants, the journal has all that was reported, in order, and is sound."""
    chance = seeded_random()
    for _ in range(KILLS):
        writer = python(APPENDING, str(path), stdout=subprocess.PIPE)
        assert writer.stdout is not None
        with writer.stdout:
            lines = [writer.stdout.readline() for _ in range(chance.randrange(1, 300))]
            writer.send_signal(signal.SIGKILL)
            lines += writer.stdout.read().split(b"\n")[:-1]
        assert writer.wait(timeout=30) == -signal.SIGKILL
        with closing(SqliteJournal(path)) as journal:
            found = journal.read_after(0, limit=10**6)
            assert journal.last_id() == found[-1].record_id >= int(lines[-1])
            assert journal.waiting_bytes() == sum(len(r.topic) + len(r.payload) for r in found)
            assert [r.record_id for r in found] == list(
                range(found[0].record_id, found[-1].record_id + 1)
            )
        assert query(path, "PRAGMA integrity_check") == [("ok",)]


APPENDING = (
    "import sys; from pathlib import Path\n"
    "from surveil_adapters.sqlite.journal import SqliteJournal\n"
    "from tests.contracts.journal import record\n"
    "journal = SqliteJournal(Path(sys.argv[1]))\n"
    "while True:\n"
    "    last_id = journal.last_id() + 3\n"
    "    journal.append([record(last_id - n, b'x' * 200) for n in (2, 1, 0)])\n"
    "    print(last_id, flush=True)\n"
    "    journal.forget(range(last_id - 300, last_id - 200))\n"
)


def test_full_disk_is_unavailable_then_recovers(tmp_path: Path) -> None:
    """On a full disk events are refused in words; with room again they are taken."""
    with mounted_disk(tmp_path / "small") as folder:
        (folder / "ballast").write_bytes(bytes(2 * 1024 * 1024))
        with closing(SqliteJournal(folder / "journal.db")) as journal:
            with pytest.raises(StoreUnavailable, match=r"journal\.db: .*free some space"):
                _fill(journal)
            last_id = journal.last_id()
            assert len(journal.read_after(0, limit=1000)) == last_id > 0
            (folder / "ballast").unlink()
            journal.append([record(last_id + 1)])
            journal.forget(range(1, last_id + 1))
            assert journal.waiting_bytes() == 15
        assert query(folder / "journal.db", "PRAGMA integrity_check") == [("ok",)]


def test_journal_empties_on_a_full_disk(tmp_path: Path) -> None:
    """Records are forgotten though there is no space to shorten the file with.

    A WAL without room to grow refuses now and then, but not twice in a row.
    """
    with mounted_disk(tmp_path / "small", size="24m") as folder:
        path = folder / "journal.db"
        with closing(SqliteJournal(path)) as journal:
            journal.append([record(number, bytes(1000)) for number in range(1, 8001)])
        with closing(SqliteJournal(path)) as journal:
            disk = os.statvfs(folder)
            spare_bytes = disk.f_bavail * disk.f_frsize - 300 * 1024
            (folder / "ballast").write_bytes(bytes(spare_bytes))
            for first in range(1, 8001, 50):
                try:
                    journal.forget(range(first, first + 50))
                except StoreUnavailable:
                    journal.forget(range(first, first + 50))
            assert journal.waiting_bytes() == 0
        assert query(path, "PRAGMA integrity_check") == [("ok",)]


def _fill(journal: SqliteJournal) -> None:
    for number in range(1, 1000):
        journal.append([record(number, bytes(8192))])
