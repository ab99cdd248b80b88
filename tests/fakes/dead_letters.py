"""Dead letters in a list, beside whatever store they were refused by."""

from collections.abc import Callable, Sequence
from datetime import datetime

from attrs import define, field

from surveil_core.errors import StoreUnavailable
from surveil_core.events import SensorEvent
from surveil_core.ports.dead_letters import DeadLetter, StoredLetter


@define
class LetterBox:
    """The letters of one store, oldest first. `entry_ids` says what those had been here."""

    stored: list[StoredLetter] = field(factory=list)
    entry_ids: dict[int, int] = field(factory=dict)
    _last_id: int = 0

    def add(self, letter: DeadLetter, at_utc: datetime, *, entry_id: int | None = None) -> None:
        """Keep a letter under the next number."""
        self._last_id += 1
        self.stored.append(StoredLetter(letter_id=self._last_id, letter=letter, died_at_utc=at_utc))
        if entry_id is not None:
            self.entry_ids[self._last_id] = entry_id

    def trim(self, *, max_bytes: int) -> int:
        """Drop the oldest above `max_bytes`, never the newest, and count them."""
        dropped = 0
        while len(self.stored) > 1 and sum(map(_size_bytes, self.stored)) > max_bytes:
            self.stored.pop(0)
            dropped += 1
        return dropped

    @property
    def letters(self) -> list[DeadLetter]:
        """What is kept, without numbers and times."""
        return [stored.letter for stored in self.stored]


def _size_bytes(stored: StoredLetter) -> int:
    letter = stored.letter
    return len(letter.topic.encode()) + len(letter.payload) + len(letter.reason.encode())


@define(kw_only=True)
class FakeDeadLetters:
    """Implements `DeadLetters` on a box; its store says what a revival and a discard mean.

    The next `failures` calls raise `StoreUnavailable`, as a locked database does.
    """

    box: LetterBox = field(factory=LetterBox)
    failures: int = 0
    _on_revive: Callable[[StoredLetter, SensorEvent], None] = lambda _letter, _event: None
    _on_discard: Callable[[], None] = lambda: None

    def list_letters(self, *, after: int = 0, limit: int = 100) -> Sequence[StoredLetter]:
        """As the port says."""
        self._check()
        return [s for s in self.box.stored if s.letter_id > after][: max(limit, 0)]

    def find_letter(self, letter_id: int) -> StoredLetter | None:
        """As the port says."""
        self._check()
        return next((s for s in self.box.stored if s.letter_id == letter_id), None)

    def revive(self, letter_id: int, event: SensorEvent) -> bool:
        """As the port says."""
        stored = self.find_letter(letter_id)
        if stored is None:
            return False
        self._on_revive(stored, event)
        self.box.stored.remove(stored)
        return True

    def discard(self, letter_id: int) -> bool:
        """As the port says."""
        stored = self.find_letter(letter_id)
        if stored is None:
            return False
        self._on_discard()
        self.box.stored.remove(stored)
        return True

    def _check(self) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("database is locked")
