"""The surveillance service: every event a row, motion a video (spec, section 3)."""

from collections.abc import Callable, Collection, Sequence

from attrs import define, field

from surveil_core.backoff import Backoff
from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.events import EventType, SensorEvent
from surveil_core.notices import (
    EventReceived,
    EventStored,
    LettersDropped,
    RepeatsIgnored,
    StoreFailed,
)
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.broker import Delivery, Inbox
from surveil_core.ports.clock import Clock
from surveil_core.ports.dead_letters import DeadLetter
from surveil_core.ports.event_store import EventStore, ReceivedEvent, StoredEvent
from surveil_core.ports.recorder import Recorder, Trigger
from surveil_core.services.dating import utc_of
from surveil_core.services.intake import Sorted, refuse, sort_deliveries

GROUP_MESSAGES = 500
"""How many messages one transaction takes at most."""

MAX_BELIEVABLE_AGE_S = 7 * 24 * 3600.0
"""An event does not wait for longer; a time before that comes from a clock that was not set."""


@define(kw_only=True)
class SurveillanceService:
    """Stores events and asks for clips. One thread calls `step`.

    The PUBACKs leave after the commit, so what was not stored comes again. The clip of a
    recorded type is a job of the same transaction.
    """

    service: str = "surveillance"
    device_id: str
    inbox: Inbox
    store: EventStore
    recorder: Recorder
    recorded_types: Collection[EventType]
    clock: Clock
    announcer: Announcer
    random_unit: Callable[[], float]
    backoff: Backoff = field(factory=Backoff)

    def step(self, timeout_s: float) -> None:
        """Wait for messages and store them; returns when they are done with or on stop."""
        deliveries = self.inbox.receive(timeout_s, limit=GROUP_MESSAGES)
        if not deliveries:
            self.recorder.expect(None)
            return
        found = sort_deliveries(deliveries, self.announcer, service=self.service)
        at_s = self.clock.monotonic_s()
        self._expect(found, at_s)
        stored = self._store_group(found)
        if stored is None:
            return
        self._follow_up(found, stored, at_s)
        self.inbox.acknowledge(deliveries)

    def _expect(self, found: Sorted, at_s: float) -> None:
        """Announce the oldest of what is to be filmed; others may lie in the inbox behind it."""
        filmed = (event for _, event in found.events if event.type in self.recorded_types)
        ages_s = [self._age_s(event, at_s) for event in filmed]
        if ages_s:
            self.recorder.expect(at_s - max(ages_s))

    def _follow_up(self, found: Sorted, stored: Sequence[StoredEvent | None], at_s: float) -> None:
        repeats = 0
        for (delivery, event), row in zip(found.events, stored, strict=True):
            if row is None:
                continue
            if not row.is_new:
                repeats += 1
                continue
            self._announce(event, delivery, row)
            if event.type in self.recorded_types:
                self._trigger(event, row, at_s)
        if repeats:
            self.announcer.announce(RepeatsIgnored(service=self.service, messages=repeats))

    def _store_group(self, found: Sorted) -> Sequence[StoredEvent | None] | None:
        """Store all in one transaction; None when asked to stop before that.

        An event that the store will never take becomes a dead letter, and a None in the
        answer, so that it cannot keep out those beside it.
        """
        received_at_utc = self.clock.now_utc()
        events = [
            ReceivedEvent(
                event=event,
                topic=delivery.topic,
                received_at_utc=received_at_utc,
                to_film=event.type in self.recorded_types,
            )
            for delivery, event in found.events
        ]
        try:
            return self._store(events, found.dead)
        except DataLost:
            return self._store_singly(found, events)

    def _store_singly(
        self, found: Sorted, events: Sequence[ReceivedEvent]
    ) -> Sequence[StoredEvent | None] | None:
        stored: list[StoredEvent | None] = []
        dead = list(found.dead)
        for (delivery, _), received in zip(found.events, events, strict=True):
            try:
                row = self._store([received], ())
            except DataLost as error:
                dead.append(refuse(delivery, str(error), self.announcer, self.service))
                stored.append(None)
                continue
            if row is None:
                return None
            stored += row
        return None if self._store([], dead) is None else stored

    def _store(
        self, events: Sequence[ReceivedEvent], dead: Sequence[DeadLetter]
    ) -> Sequence[StoredEvent] | None:
        """Store until it is stored; None when asked to stop before that. Raises `DataLost`."""
        failures = 0
        while True:
            try:
                group = self.store.add_events(events, dead)
            except StoreUnavailable as error:
                failures += 1
                retry_in_s = self.backoff.delay_s(failures, self.random_unit())
                self.announcer.announce(
                    StoreFailed(service=self.service, reason=str(error), retry_in_s=retry_in_s)
                )
                if self.clock.wait_s(retry_in_s):
                    return None
            else:
                self._announce_dropped(group.dropped_letters)
                return group.rows

    def _announce_dropped(self, letters: int) -> None:
        if letters:
            self.announcer.announce(LettersDropped(service=self.service, letters=letters))

    def _announce(self, event: SensorEvent, delivery: Delivery, row: StoredEvent) -> None:
        self.announcer.announce(
            EventReceived(
                service=self.service,
                event_type=event.type,
                event_id=event.event_id,
                topic=delivery.topic,
            ),
            EventStored(service=self.service, row_id=row.row_id, event_id=event.event_id),
        )

    def _trigger(self, event: SensorEvent, row: StoredEvent, at_s: float) -> None:
        self.recorder.trigger(
            Trigger(
                event_row_id=row.row_id,
                event_id=event.event_id,
                event_type=event.type,
                at_s=at_s,
                age_s=self._age_s(event, at_s),
                gpio_pin=event.gpio_pin if event.device_id == self.device_id else None,
            )
        )

    def _age_s(self, event: SensorEvent, at_s: float) -> float:
        """Say how long before `at_s` an event of this device happened; 0 where nobody knows.

        Another's clock may be wrong, and so was ours if an event says so, or seems older than any
        outage.
        """
        if not event.clock_was_set:
            return 0.0
        age_s = (utc_of(at_s, self.clock) - event.occurred_at_utc).total_seconds()
        is_believable = event.device_id == self.device_id and 0 < age_s <= MAX_BELIEVABLE_AGE_S
        return age_s if is_believable else 0.0
