"""The sensor's journal in a list."""

from collections.abc import Sequence

from attrs import define, field

from surveil_core.errors import StoreUnavailable
from surveil_core.ports.journal import JournalRecord


@define(kw_only=True)
class FakeJournal:
    """Implements `Journal`.

    The next `failures` calls raise `StoreUnavailable`, as a full disk does.
    """

    records: list[JournalRecord] = field(factory=list)
    failures: int = 0
    closed: bool = False
    _last_id: int = 0

    def append(self, records: Sequence[JournalRecord]) -> None:
        """As the port says."""
        self._check()
        newest = self._newest()
        for record in records:
            if record.record_id <= newest:
                raise ValueError(f"record_id is {record.record_id}, expected more than {newest}")
            newest = record.record_id
        self.records.extend(records)
        self._last_id = newest

    def read_after(self, record_id: int, *, limit: int) -> Sequence[JournalRecord]:
        """As the port says."""
        self._check()
        return [r for r in self.records if r.record_id > record_id][: max(limit, 0)]

    def last_id(self) -> int:
        """As the port says."""
        self._check()
        return self._newest()

    def forget(self, record_ids: Sequence[int]) -> None:
        """As the port says."""
        self._check()
        self._last_id = self._newest()
        self.records = [r for r in self.records if r.record_id not in set(record_ids)]

    def waiting_bytes(self) -> int:
        """As the port says."""
        self._check()
        return sum(len(r.topic.encode()) + len(r.payload) for r in self.records)

    def close(self) -> None:
        """Refuse all further calls."""
        self.closed = True

    def _newest(self) -> int:
        return max([self._last_id, *(record.record_id for record in self.records)])

    def _check(self) -> None:
        if self.closed:
            raise StoreUnavailable("the journal is closed")
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("the disk is full")
