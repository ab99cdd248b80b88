"""Table `evenement` in a list, with its dead letters and clip jobs."""

from collections.abc import Sequence

from attrs import define, field

from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.events import SensorEvent
from surveil_core.ports.clip_jobs import ClipJob
from surveil_core.ports.dead_letters import DeadLetter, StoredLetter
from surveil_core.ports.event_store import ReceivedEvent, StoredEvent, StoredGroup
from tests.examples import RECEIVED_AT_UTC
from tests.fakes.clip_jobs import FakeClipJobs
from tests.fakes.dead_letters import FakeDeadLetters, LetterBox


@define(kw_only=True)
class FakeEventStore:
    """Keeps `rows`, whose id is the place from 1, dead letters in `box`, and `jobs`.

    The next `failures` calls raise `StoreUnavailable`, as a locked database does. Events
    whose id is among `untakeable_ids` break a rule of the store. Each group makes
    `dropped_letters` go.
    """

    rows: list[ReceivedEvent] = field(factory=list)
    box: LetterBox = field(factory=LetterBox)
    jobs: FakeClipJobs = field(factory=FakeClipJobs)
    failures: int = 0
    untakeable_ids: set[str] = field(factory=set)
    dropped_letters: int = 0
    closed: bool = False

    def add_events(
        self, events: Sequence[ReceivedEvent], dead: Sequence[DeadLetter] = ()
    ) -> StoredGroup:
        """As the port says."""
        if self.closed:
            raise StoreUnavailable("the event store is closed")
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("database is locked")
        for received in events:
            if received.event.event_id in self.untakeable_ids:
                raise DataLost("CHECK constraint failed")
        for letter in dead:
            self.box.add(letter, RECEIVED_AT_UTC)
        rows = [self._add(received) for received in events]
        return StoredGroup(rows=rows, dropped_letters=self.dropped_letters)

    def dead_letters(self) -> FakeDeadLetters:
        """Hand out what the command works on."""
        return FakeDeadLetters(box=self.box, on_revive=self._revive)

    def close(self) -> None:
        """Refuse all further calls."""
        self.closed = True

    def _add(self, received: ReceivedEvent) -> StoredEvent:
        event = received.event
        for row_id, row in enumerate(self.rows, start=1):
            if row.event.key == event.key:
                return StoredEvent(row_id=row_id, is_new=False)
        self.rows.append(received)
        self.jobs.events[len(self.rows)] = event.event_id
        if received.to_film:
            self.jobs.jobs.append(
                ClipJob(
                    event_row_id=len(self.rows),
                    event_id=event.event_id,
                    device_id=event.device_id,
                    event_type=event.type,
                    received_at_utc=received.received_at_utc,
                    gpio_pin=event.gpio_pin,
                )
            )
        return StoredEvent(row_id=len(self.rows), is_new=True)

    def _revive(self, stored: StoredLetter, event: SensorEvent) -> None:
        received = ReceivedEvent(
            event=event, topic=stored.letter.topic, received_at_utc=stored.died_at_utc
        )
        self._add(received)
