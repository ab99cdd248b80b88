"""Which events a disk still has, and which it must have."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.hil.campaigns.lost_writes import kept_in


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
        """INSERT INTO known_event VALUES ('["pi","evt-b"]')""",
    )
    return tmp_path


def test_what_the_journal_or_both_places_have_is_kept(data_dir: Path) -> None:
    """An event that only one of the two has, and the journal no more, is lost to the other."""
    assert kept_in(data_dir) == {"evt-a", "evt-b"}


def test_an_empty_disk_keeps_nothing(tmp_path: Path) -> None:
    """The power went before there was any file."""
    assert kept_in(tmp_path) == frozenset()
