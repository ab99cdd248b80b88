"""Sends the journal to the broker, in its order, as often as it takes."""

from attrs import define, field

from surveil_core.errors import StoreUnavailable
from surveil_core.notices import StoreFailed
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.broker import Publisher
from surveil_core.ports.clock import Clock
from surveil_core.ports.journal import JournalRecord
from surveil_core.publication import Publication
from surveil_core.services.journaling import EventJournal

UNREADABLE_PAUSE_S = 5.0


@define(kw_only=True)
class JournalPublisher:
    """Publishes what the journal holds. One thread calls `pump`; it never waits."""

    service: str
    journal: EventJournal
    publisher: Publisher
    clock: Clock
    announcer: Announcer
    publication: Publication = field(factory=Publication)
    _read_again_at_s: float = field(default=float("-inf"), init=False)
    _has_more: bool = field(default=False, init=False)

    @property
    def has_more(self) -> bool:
        """Whether records wait for the PUBACKs of those that are out."""
        return self._has_more

    @property
    def is_up_to_date(self) -> bool:
        """Whether the newest record went out on the live connection."""
        return self.publication.cursor == self.journal.last_id

    def pump(self) -> None:
        """Note PUBACKs, publish what there is room for, forget what is old."""
        at_s = self.clock.monotonic_s()
        self.journal.save()
        connection = self.publisher.connection()
        self.publication.note_connection(
            connection, is_remembered=self.publisher.is_remembered(), at_s=at_s
        )
        for record_id in self.publisher.take_acknowledged():
            self.publication.note_acknowledged(record_id, at_s=at_s)
        self._publish_waiting(at_s)
        self._forget(at_s)

    def _publish_waiting(self, at_s: float) -> None:
        room = self.publication.room()
        self._has_more = False
        records = self._read(room, at_s) if room else ()
        for record in records:
            if not self.publisher.publish(record.topic, record.payload, record_id=record.record_id):
                return
            self.publication.note_published(record.record_id)
        self._has_more = self.publication.is_connected and len(records) == room

    def _read(self, limit: int, at_s: float) -> tuple[JournalRecord, ...]:
        """Read on; while the disk cannot be read, what is in memory goes out without it.

        What was passed over goes out in a new round when it can be read again.
        """
        cursor = self.publication.cursor
        if at_s < self._read_again_at_s:
            return self.journal.unsaved_after(cursor, limit=limit)
        try:
            if self._read_again_at_s > float("-inf"):
                self.journal.read_after(cursor, limit=1)
                self._read_again_at_s = float("-inf")
                self.publication.begin_round()
            return tuple(self.journal.read_after(self.publication.cursor, limit=limit))
        except StoreUnavailable as error:
            self._note_unreadable(error, at_s)
            return self.journal.unsaved_after(cursor, limit=limit)

    def _forget(self, at_s: float) -> None:
        """Remove what is old. A disk that refuses is asked again after the usual time."""
        record_ids = self.publication.due_to_forget(at_s=at_s)
        if record_ids and self.journal.forget(record_ids):
            self.publication.note_forgotten(record_ids)

    def _note_unreadable(self, error: StoreUnavailable, at_s: float) -> None:
        self._read_again_at_s = at_s + UNREADABLE_PAUSE_S
        self.announcer.announce(
            StoreFailed(service=self.service, reason=str(error), retry_in_s=UNREADABLE_PAUSE_S)
        )
