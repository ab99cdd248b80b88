"""The bridge's outbox in lists."""

from collections.abc import Sequence

from attrs import define, evolve, field

from surveil_core.errors import StoreUnavailable
from surveil_core.events import SensorEvent
from surveil_core.ports.dead_letters import DeadLetter, StoredLetter
from surveil_core.ports.outbox import (
    Arrival,
    ArrivedEvent,
    Committed,
    OutboxChanges,
    OutboxCounters,
    OutboxEntry,
    WhenFull,
)
from tests.fakes.dead_letters import FakeDeadLetters, LetterBox


@define(kw_only=True)
class FakeOutbox:
    """Implements `Outbox`; `entries` wait, `box` has the dead letters, `changes` all commits.

    The next `failures` calls raise `StoreUnavailable`, as a locked database does. Set
    `is_changed` for what another program would have written.
    """

    max_bytes: int = 64 * 1024 * 1024
    when_full: WhenFull = WhenFull.HOLD
    failures: int = 0
    entries: list[OutboxEntry] = field(factory=list)
    box: LetterBox = field(factory=LetterBox)
    changes: list[OutboxChanges] = field(factory=list)
    is_changed: bool = False
    closed: bool = False
    _totals: OutboxCounters = field(factory=OutboxCounters)
    _known: dict[tuple[str, str], int] = field(factory=dict)
    _last_id: int = 0

    def commit(self, changes: OutboxChanges) -> Committed:
        """As the port says."""
        self._check()
        self.changes.append(changes)
        for entry_id in changes.delivered:
            self._count(delivered=len(self._take(entry_id)))
        for entry_id, reason in changes.refused:
            for entry in self._take(entry_id):
                letter = DeadLetter(topic=entry.topic, payload=entry.payload, reason=reason)
                self.box.add(letter, changes.at_utc, entry_id=entry_id)
        for letter in changes.dead:
            self._count(received=1)
            self.box.add(letter, changes.at_utc)
        arrivals = self._arrive(changes)
        dropped_waiting = self._drop_oldest()
        dropped_dead = self.box.trim(max_bytes=self.max_bytes // 4)
        self._count(refused=dropped_waiting + dropped_dead)
        return Committed(
            arrivals=arrivals, dropped_waiting=dropped_waiting, dropped_dead=dropped_dead
        )

    def waiting_devices(self) -> Sequence[str]:
        """As the port says."""
        self._check()
        return list(dict.fromkeys(entry.device_id for entry in self.entries))

    def next_entries(self, device_id: str, *, limit: int, max_bytes: int) -> Sequence[OutboxEntry]:
        """As the port says."""
        self._check()
        taken: list[OutboxEntry] = []
        left_bytes = max_bytes
        for entry in [e for e in self.entries if e.device_id == device_id][: max(limit, 0)]:
            left_bytes -= len(entry.payload)
            if taken and left_bytes < 0:
                break
            taken.append(entry)
        return taken

    def changed_elsewhere(self) -> bool:
        """As the port says."""
        self._check()
        is_changed, self.is_changed = self.is_changed, False
        return is_changed

    def counters(self) -> OutboxCounters:
        """As the port says."""
        self._check()
        return evolve(
            self._totals,
            waiting=len(self.entries),
            dead=len(self.box.stored),
            waiting_bytes=self._waiting_bytes(),
        )

    def dead_letters(self) -> FakeDeadLetters:
        """Hand out what the command works on; what it does is a change from elsewhere."""
        return FakeDeadLetters(box=self.box, on_revive=self._revive, on_discard=self._discard)

    def close(self) -> None:
        """Refuse all further calls."""
        self.closed = True

    def _check(self) -> None:
        if self.closed:
            raise StoreUnavailable("the outbox is closed")
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("database is locked")

    def _count(self, **more: int) -> None:
        new = {name: getattr(self._totals, name) + count for name, count in more.items()}
        self._totals = evolve(self._totals, **new)

    def _take(self, entry_id: int) -> list[OutboxEntry]:
        taken = [entry for entry in self.entries if entry.entry_id == entry_id]
        self.entries = [entry for entry in self.entries if entry.entry_id != entry_id]
        return taken

    def _arrive(self, changes: OutboxChanges) -> list[Arrival]:
        verdicts: list[Arrival] = []
        for arrived in changes.arrived:
            size_bytes = _size_bytes(arrived.topic, arrived.payload)
            if Arrival.HELD in verdicts:
                verdicts.append(Arrival.HELD)
            elif arrived.event.key in self._known:
                self._count(repeated=1)
                verdicts.append(Arrival.REPEATED)
            elif size_bytes > self.max_bytes:
                self._bury(arrived, size_bytes, changes)
                verdicts.append(Arrival.NEW)
            elif not self._fits(size_bytes):
                verdicts.append(Arrival.HELD)
            else:
                self._count(received=1)
                self._add(arrived.event, arrived.topic, arrived.payload)
                verdicts.append(Arrival.NEW)
        return verdicts

    def _bury(self, arrived: ArrivedEvent, size_bytes: int, changes: OutboxChanges) -> None:
        self._count(received=1)
        self._last_id += 1
        self._known[arrived.event.key] = self._last_id
        reason = f"the message has {size_bytes} bytes, the outbox takes {self.max_bytes}: raise it"
        letter = DeadLetter(topic=arrived.topic, payload=arrived.payload, reason=reason)
        self.box.add(letter, changes.at_utc, entry_id=self._last_id)

    def _fits(self, size_bytes: int) -> bool:
        if self.when_full is WhenFull.DROP_OLDEST:
            return True
        return self._waiting_bytes() + size_bytes <= self.max_bytes

    def _add(self, event: SensorEvent, topic: str, payload: bytes) -> None:
        self._last_id += 1
        self._known[event.key] = self._last_id
        self.entries.append(
            OutboxEntry(
                entry_id=self._last_id,
                device_id=event.device_id,
                event_id=event.event_id,
                topic=topic,
                payload=payload,
            )
        )

    def _drop_oldest(self) -> int:
        dropped = 0
        while self.when_full is WhenFull.DROP_OLDEST and self._waiting_bytes() > self.max_bytes:
            self.entries.pop(0)
            dropped += 1
        return dropped

    def _waiting_bytes(self) -> int:
        return sum(_size_bytes(entry.topic, entry.payload) for entry in self.entries)

    def _revive(self, stored: StoredLetter, event: SensorEvent) -> None:
        self.is_changed = True
        known_id = self._known.get(event.key)
        if known_id is None or known_id == self.box.entry_ids.get(stored.letter_id):
            self._add(event, stored.letter.topic, stored.letter.payload)
        else:
            self._count(refused=1)

    def _discard(self) -> None:
        self.is_changed = True
        self._count(refused=1)


def _size_bytes(topic: str, payload: bytes) -> int:
    return len(topic.encode()) + len(payload)
