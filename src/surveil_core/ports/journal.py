"""Where the sensor service writes events before it publishes them."""

from collections.abc import Sequence
from typing import Protocol

from attrs import field, frozen


@frozen(kw_only=True)
class JournalRecord:
    """A message to publish. `record_id` grows with each event."""

    record_id: int
    topic: str
    payload: bytes = field(repr=False)

    @property
    def size_bytes(self) -> int:
        """What the quota counts: topic and payload."""
        return len(self.topic.encode()) + len(self.payload)


class Journal(Protocol):
    """A durable, ordered file of messages. Used by one thread; all raise `StoreUnavailable`.

    They raise `ConfigurationError` for a file that a later release wrote, and those that
    write `DataLost` for a row that the file will never take.
    """

    def append(self, records: Sequence[JournalRecord]) -> None:
        """Write records in one transaction: a power cut after the return cannot take them.

        Their ids are above all ids in the file. A repeated id is `ValueError`.
        """

    def read_after(self, record_id: int, *, limit: int) -> Sequence[JournalRecord]:
        """Read the records behind `record_id`, oldest first."""

    def last_id(self) -> int:
        """Name the newest record ever appended to this file, 0 if there was none."""

    def forget(self, record_ids: Sequence[int]) -> None:
        """Remove records, in one transaction. Ids that are not there are no error."""

    def waiting_bytes(self) -> int:
        """Count the topics and payloads in the file."""

    def close(self) -> None:
        """Release the file. Closing twice is safe."""
