"""The bridge: MQTT in, HTTP out (spec, section 2).

One event at a time, in the broker's order. The PUBACK leaves only when the backend has
the event or will never take it, so the broker's persistent session is the queue: what
a dead bridge had not delivered comes again.
"""

from collections.abc import Callable

from attrs import define, field

from surveil_core.backoff import Backoff
from surveil_core.delivery import BackendReply, Outcome, judge_reply
from surveil_core.errors import BackendUnreachable
from surveil_core.events import SensorEvent
from surveil_core.messages import build_backend_body, idempotency_key
from surveil_core.notices import (
    MessageReceived,
    PostDelivered,
    PostPostponed,
    PostRefused,
    PostStarting,
)
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.backend import Backend
from surveil_core.ports.broker import Inbox
from surveil_core.ports.clock import Clock
from surveil_core.services.receiving import receive_event
from surveil_core.vocabulary import ALERT_TYPE_BY_EVENT_TYPE

MAX_RETRY_AFTER_S = 3600.0
"""Longest pause that a backend's `Retry-After` gets; a mistaken one must not last a year."""


@define(kw_only=True)
class BridgingService:
    """Carries events to the backend. One thread calls `step`."""

    service: str = "bridge"
    inbox: Inbox
    backend: Backend
    clock: Clock
    announcer: Announcer
    random_unit: Callable[[], float]
    backoff: Backoff = field(factory=Backoff)

    def step(self, timeout_s: float) -> None:
        """Wait for one message and carry it; returns when it is done with or on stop."""
        received = receive_event(
            self.inbox, self.announcer, service=self.service, timeout_s=timeout_s
        )
        if received is None:
            return
        delivery, event = received
        self._announce_received(event, delivery.topic)
        if self._deliver(event, delivery.topic):
            self.inbox.acknowledge(delivery)

    def _announce_received(self, event: SensorEvent, topic: str) -> None:
        self.announcer.announce(
            MessageReceived(
                service=self.service,
                topic=topic,
                event_id=event.event_id,
                event_type=event.type,
                alert_type=ALERT_TYPE_BY_EVENT_TYPE[event.type],
            )
        )

    def _deliver(self, event: SensorEvent, topic: str) -> bool:
        body = build_backend_body(event, topic=topic)
        failures = 0
        while True:
            self.announcer.announce(
                PostStarting(
                    service=self.service,
                    backend_url=self.backend.url,
                    event_id=event.event_id,
                )
            )
            reason, retry_after_s = self._attempt(event, body)
            if reason is None:
                return True
            failures += 1
            retry_in_s = min(retry_after_s or 0.0, MAX_RETRY_AFTER_S)
            retry_in_s = retry_in_s or self.backoff.delay_s(failures, self.random_unit())
            self.announcer.announce(
                PostPostponed(
                    service=self.service,
                    backend_url=self.backend.url,
                    event_id=event.event_id,
                    reason=reason,
                    retry_in_s=retry_in_s,
                )
            )
            if self.clock.wait_s(retry_in_s):
                return False

    def _attempt(self, event: SensorEvent, body: bytes) -> tuple[str | None, float | None]:
        """POST once. Returns why it must be tried again, or None, and when at the earliest."""
        try:
            reply = self.backend.send(body, idempotency_key(event))
        except BackendUnreachable as error:
            return str(error), None
        if judge_reply(reply) is Outcome.WAIT:
            return f"HTTP {reply.status}", reply.retry_after_s
        self._announce_done(event, reply)
        return None, None

    def _announce_done(self, event: SensorEvent, reply: BackendReply) -> None:
        if judge_reply(reply) is Outcome.DELIVERED:
            self.announcer.announce(
                PostDelivered(service=self.service, status=reply.status, event_id=event.event_id)
            )
            return
        self.announcer.announce(
            PostRefused(
                service=self.service,
                backend_url=self.backend.url,
                event_id=event.event_id,
                status=reply.status,
                reason=reply.text,
            )
        )
