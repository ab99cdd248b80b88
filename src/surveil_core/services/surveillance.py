"""The surveillance service: every event a row, motion a video (spec, section 3)."""

from collections.abc import Callable

from attrs import define, field

from surveil_core.backoff import Backoff
from surveil_core.errors import StoreUnavailable
from surveil_core.events import SensorEvent
from surveil_core.notices import EventReceived, EventStored, StoreFailed
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.broker import Inbox
from surveil_core.ports.clock import Clock
from surveil_core.ports.event_store import EventStore, StoredEvent
from surveil_core.ports.recorder import Recorder, Trigger
from surveil_core.services.receiving import receive_event


@define(kw_only=True)
class SurveillanceService:
    """Stores events and asks for clips. One thread calls `step`.

    The PUBACK leaves after the commit, so what was not stored comes again.
    """

    service: str = "surveillance"
    inbox: Inbox
    store: EventStore
    recorder: Recorder
    clock: Clock
    announcer: Announcer
    random_unit: Callable[[], float]
    backoff: Backoff = field(factory=Backoff)

    def step(self, timeout_s: float) -> None:
        """Wait for one message and store it; returns when it is done with or on stop."""
        received = receive_event(
            self.inbox, self.announcer, service=self.service, timeout_s=timeout_s
        )
        if received is None:
            return
        delivery, event = received
        self._announce_received(event, delivery.topic)
        stored = self._store(event, delivery.topic)
        if stored is None:
            return
        self.inbox.acknowledge(delivery)
        if stored.is_new:
            self._trigger(event, stored)

    def _announce_received(self, event: SensorEvent, topic: str) -> None:
        self.announcer.announce(
            EventReceived(
                service=self.service,
                event_type=event.type,
                event_id=event.event_id,
                topic=topic,
            )
        )

    def _store(self, event: SensorEvent, topic: str) -> StoredEvent | None:
        """Store until it is stored; None when asked to stop before that."""
        received_at_utc = self.clock.now_utc()
        failures = 0
        while True:
            try:
                stored = self.store.add_event(event, topic=topic, received_at_utc=received_at_utc)
            except StoreUnavailable as error:
                failures += 1
                retry_in_s = self.backoff.delay_s(failures, self.random_unit())
                self.announcer.announce(
                    StoreFailed(service=self.service, reason=str(error), retry_in_s=retry_in_s)
                )
                if self.clock.wait_s(retry_in_s):
                    return None
            else:
                self.announcer.announce(
                    EventStored(
                        service=self.service,
                        row_id=stored.row_id,
                        event_id=event.event_id,
                        is_new=stored.is_new,
                    )
                )
                return stored

    def _trigger(self, event: SensorEvent, stored: StoredEvent) -> None:
        self.recorder.trigger(
            Trigger(
                event_row_id=stored.row_id,
                event_id=event.event_id,
                event_type=event.type,
                at_s=self.clock.monotonic_s(),
            )
        )
