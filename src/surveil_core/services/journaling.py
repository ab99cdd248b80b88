"""The sensor's journal as the publisher sees it: one ordered row of records, saved or not.

An event that the disk does not take now is kept in memory behind the saved ones, is
published like them, and is saved as soon as the disk takes it.
"""

import enum
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from attrs import define, evolve, field, frozen, validators

from surveil_core.backoff import Backoff
from surveil_core.errors import StoreUnavailable
from surveil_core.notices import JournalFull, StoreFailed
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.clock import Clock
from surveil_core.ports.journal import Journal, JournalRecord

MAX_UNSAVED_RECORDS = 1000
_DROP_AT_ONCE = 1000
_PROVISIONAL_ID = -(2**62)
"""Below all ids of a file: numbers events while the file cannot be read at all."""


class WhenJournalFull(enum.StrEnum):
    """What the sensor service does at the journal's quota."""

    REFUSE_NEW = "refuse_new"
    DROP_OLDEST = "drop_oldest"


@frozen(kw_only=True)
class JournalQuota:
    """How much waits for the broker at most; 64 MiB are about 200,000 events."""

    max_bytes: int = field(default=64 * 1024 * 1024, validator=validators.ge(64 * 1024))
    when_full: WhenJournalFull = field(
        default=WhenJournalFull.REFUSE_NEW, converter=WhenJournalFull
    )


@define(kw_only=True)
class EventJournal:
    """Accepts messages and hands them out in their order. Used by one thread."""

    service: str
    journal: Journal
    clock: Clock
    announcer: Announcer
    random_unit: Callable[[], float]
    quota: JournalQuota = field(factory=JournalQuota)
    backoff: Backoff = field(factory=Backoff)
    _unsaved: deque[JournalRecord] = field(factory=deque, init=False)
    _last_id: int = field(default=_PROVISIONAL_ID, init=False)
    _failures: int = field(default=0, init=False)
    _retry_at_s: float = field(default=float("-inf"), init=False)
    _given_up: int = field(default=0, init=False)

    @property
    def last_id(self) -> int:
        """The newest record, 0 or less if none was accepted yet."""
        return self._last_id

    def accept(self, topic: str, payload: bytes) -> bool:
        """Take a message. False, announced and counted, where the quota forbids it."""
        record = JournalRecord(record_id=self._last_id + 1, topic=topic, payload=payload)
        if len(self._unsaved) >= MAX_UNSAVED_RECORDS:
            self._give_up(1, limit=f"{MAX_UNSAVED_RECORDS} events without a disk")
            return False
        if not self._has_room(record.size_bytes):
            self._give_up(1, limit=f"{self.quota.max_bytes} bytes")
            return False
        self._last_id = record.record_id
        self._unsaved.append(record)
        self.save()
        return True

    def save(self) -> None:
        """Write what is not written yet, unless the disk has just refused."""
        if not self._unsaved or self._is_pausing():
            return
        try:
            self._number_unsaved()
            self._drop_written()
            self.journal.append(tuple(self._unsaved))
        except StoreUnavailable as error:
            self._note_failure(error)
        else:
            self._failures = 0
            self._unsaved.clear()

    def read_after(self, record_id: int, *, limit: int) -> Sequence[JournalRecord]:
        """Read the records behind `record_id`, oldest first. Raises `StoreUnavailable`."""
        saved = tuple(self.journal.read_after(record_id, limit=limit))
        return saved + self.unsaved_after(record_id, limit=limit - len(saved))

    def unsaved_after(self, record_id: int, *, limit: int) -> tuple[JournalRecord, ...]:
        """Read those that are in memory only; needs no disk."""
        return tuple(islice((r for r in self._unsaved if r.record_id > record_id), max(0, limit)))

    def forget(self, record_ids: Sequence[int]) -> bool:
        """Remove records, first those in memory. False, announced, if the disk refuses."""
        gone = set(record_ids)
        self._unsaved = deque(r for r in self._unsaved if r.record_id not in gone)
        try:
            self.journal.forget(record_ids)
        except StoreUnavailable as error:
            self._note_failure(error)
            return False
        return True

    def close(self) -> None:
        """Save once more what is in memory, though the disk has just refused it."""
        self._retry_at_s = float("-inf")
        self.save()

    def _number_unsaved(self) -> None:
        """Give provisional records their place behind the file's, once it can be read."""
        if self._last_id > 0:
            return
        last_id = self.journal.last_id()
        self._unsaved = deque(
            evolve(record, record_id=last_id + number)
            for number, record in enumerate(self._unsaved, start=1)
        )
        self._last_id = last_id + len(self._unsaved)

    def _drop_written(self) -> None:
        """After a failure, look what the file has: a failed commit may be there after all."""
        if self._failures:
            last_id = self.journal.last_id()
            self._unsaved = deque(r for r in self._unsaved if r.record_id > last_id)

    def _has_room(self, new_bytes: int) -> bool:
        if self._is_pausing():
            return True
        try:
            if self.journal.waiting_bytes() + new_bytes <= self.quota.max_bytes:
                return True
            return self._drop_oldest(new_bytes)
        except StoreUnavailable as error:
            self._note_failure(error)
            return True

    def _drop_oldest(self, new_bytes: int) -> bool:
        """Give up old records for a new one, if the quota says so and that can help."""
        drops = self.quota.when_full is WhenJournalFull.DROP_OLDEST
        if not drops or new_bytes > self.quota.max_bytes:
            return False
        excess_bytes = self.journal.waiting_bytes() + new_bytes - self.quota.max_bytes
        dropped: list[int] = []
        for record in self.journal.read_after(0, limit=_DROP_AT_ONCE):
            if excess_bytes <= 0:
                break
            dropped.append(record.record_id)
            excess_bytes -= record.size_bytes
        self.journal.forget(dropped)
        self._give_up(len(dropped), limit=f"{self.quota.max_bytes} bytes", kept_new=True)
        return excess_bytes <= 0

    def _give_up(self, count: int, *, limit: str, kept_new: bool = False) -> None:
        self._given_up += count
        self.announcer.announce(
            JournalFull(
                service=self.service,
                limit=limit,
                given_up_events=self._given_up,
                kept_new=kept_new,
            )
        )

    def _is_pausing(self) -> bool:
        """Whether the disk has just refused and is left alone."""
        return self.clock.monotonic_s() < self._retry_at_s

    def _note_failure(self, error: StoreUnavailable) -> None:
        self._failures += 1
        retry_in_s = self.backoff.delay_s(self._failures, self.random_unit())
        self._retry_at_s = self.clock.monotonic_s() + retry_in_s
        self.announcer.announce(
            StoreFailed(service=self.service, reason=str(error), retry_in_s=retry_in_s)
        )
