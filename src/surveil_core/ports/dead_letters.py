"""Messages that were refused, kept with their reason until a person decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import field, frozen

from surveil_core.events import SensorEvent


@frozen(kw_only=True)
class DeadLetter:
    """A refused message as it came. `reason` says who refused it and why."""

    topic: str
    payload: bytes = field(repr=False)
    reason: str


@frozen(kw_only=True)
class StoredLetter:
    """A dead letter with its number in its store and when it was refused."""

    letter_id: int
    letter: DeadLetter
    died_at_utc: datetime


class DeadLetters(Protocol):
    """What the command `dead-letters` works on, beside the running service.

    Safe from any thread and from another process; all raise `StoreUnavailable`. Those that
    write raise `ConfigurationError` for a file that a later release wrote, and `DataLost`
    for a row that the file will never take.
    """

    def list_letters(self, *, after: int = 0, limit: int = 100) -> Sequence[StoredLetter]:
        """List the letters behind number `after`, oldest first."""

    def find_letter(self, letter_id: int) -> StoredLetter | None:
        """Find one letter."""

    def revive(self, letter_id: int, event: SensorEvent) -> bool:
        """Treat the letter as the arrival of `event` after all, and remove it.

        One transaction. False if there is no such letter any more.
        """

    def discard(self, letter_id: int) -> bool:
        """Remove a letter for good; it counts as refused. False if there is none."""
