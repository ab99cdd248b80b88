"""What every `Journal` does: the fake and the SQLite file alike."""

from collections.abc import Iterator

import pytest

from surveil_core.errors import StoreUnavailable
from surveil_core.ports.journal import Journal, JournalRecord


def record(record_id: int, payload: bytes = b"{}") -> JournalRecord:
    """Build a motion message."""
    return JournalRecord(record_id=record_id, topic="sensor/motion", payload=payload)


class JournalContract:
    """Subclasses give `journal`: empty and open."""

    @pytest.fixture
    def journal(self) -> Iterator[Journal]:
        raise NotImplementedError

    def test_new_journal_is_empty(self, journal: Journal) -> None:
        """Nothing waits in a new file, and its last id is 0."""
        assert (journal.last_id(), journal.waiting_bytes()) == (0, 0)
        assert list(journal.read_after(0, limit=10)) == []

    def test_records_are_read_in_order(self, journal: Journal) -> None:
        """What was appended comes back as it was, oldest first, from any place."""
        records = [record(1, b"a"), record(2, bytes(range(256))), record(7)]
        journal.append(records[:2])
        journal.append(records[2:])
        assert list(journal.read_after(0, limit=10)) == records
        assert list(journal.read_after(1, limit=1)) == [records[1]]
        assert list(journal.read_after(7, limit=10)) == []
        assert list(journal.read_after(0, limit=0)) == []

    def test_forgotten_records_are_gone(self, journal: Journal) -> None:
        """Records leave in any order; ids that are not there, or repeated, do no harm."""
        journal.append([record(n) for n in range(1, 6)])
        journal.forget([2, 4, 99, 2])
        journal.forget([])
        assert [r.record_id for r in journal.read_after(0, limit=10)] == [1, 3, 5]

    def test_last_id_outlives_its_record(self, journal: Journal) -> None:
        """An emptied journal still knows the newest id, so that none is used twice."""
        journal.append([record(3)])
        journal.forget([3])
        assert journal.last_id() == 3
        with pytest.raises(ValueError, match="record_id is 3, expected more than 3"):
            journal.append([record(3)])

    @pytest.mark.parametrize("record_ids", [(5, 5), (7, 6), (4,), (6, 1)])
    def test_ids_that_do_not_grow_are_refused(
        self, journal: Journal, record_ids: tuple[int, ...]
    ) -> None:
        """A repeated or an older id is the caller's mistake, and nothing is written."""
        journal.append([record(5)])
        with pytest.raises(ValueError, match="record_id"):
            journal.append([record(record_id) for record_id in record_ids])
        assert [r.record_id for r in journal.read_after(0, limit=10)] == [5]
        assert journal.last_id() == 5

    def test_waiting_bytes_are_topics_and_payloads(self, journal: Journal) -> None:
        """The figure follows what is in the file, foreign letters counted in UTF-8."""
        foreign = JournalRecord(record_id=2, topic="sensor/é", payload=b"12345")
        journal.append([record(1, b"1234"), foreign])
        assert journal.waiting_bytes() == 13 + 4 + 9 + 5
        journal.forget([1])
        assert journal.waiting_bytes() == 9 + 5
        journal.forget([1, 2])
        assert journal.waiting_bytes() == 0

    def test_nothing_to_append_is_fine(self, journal: Journal) -> None:
        """An empty group changes nothing."""
        journal.append([])
        assert journal.last_id() == 0

    def test_closed_journal_refuses(self, journal: Journal) -> None:
        """After closing, which may be done twice, calls are refused as unavailable."""
        journal.close()
        journal.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            journal.append([record(1)])
        with pytest.raises(StoreUnavailable, match="closed"):
            journal.waiting_bytes()
