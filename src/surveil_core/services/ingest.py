"""The backend's intake: an HTTP body in, a stored event and an alert out (spec, section 5)."""

from collections.abc import Callable, Mapping, Sequence

from attrs import define, field, frozen

from surveil_core.bulk import parse_bulk_body
from surveil_core.errors import BadMessage
from surveil_core.events import new_event_id
from surveil_core.messages import BackendEvent, BrowserAlert, parse_backend_body
from surveil_core.ports.alert_store import AlertStore, NewAlert, StoredAlert
from surveil_core.ports.clock import Clock


@frozen(kw_only=True)
class Ingested:
    """What became of a body: `201` with an alert to emit, or `200` for a known event."""

    status: int
    cursor: int
    alert: BrowserAlert


@define(kw_only=True)
class IngestService:
    """Stores what bridges send. Safe from any thread if the store is."""

    store: AlertStore
    clock: Clock
    random_bytes: Callable[[int], bytes]
    location_by_device: Mapping[str, str] = field(factory=dict)

    def ingest(self, body: bytes) -> Ingested:
        """Take one body. Raises `BadMessage` (answer 400) or `StoreUnavailable` (503).

        A body without an event id (the spec's minimal form) is given a new one and so
        counts as new each time.
        """
        return self._store([parse_backend_body(body)])[0]

    def ingest_many(self, body: bytes) -> Sequence[Ingested | BadMessage]:
        """Take a bulk body in one transaction: what became of each event, in order.

        A bad event is refused alone. Raises `BadMessage` when the whole is no bulk body
        (`BulkTooLarge` when it has too many), or `StoreUnavailable`; nothing is stored then.
        """
        items = parse_bulk_body(body)
        stored = iter(self._store([item for item in items if isinstance(item, BackendEvent)]))
        return [next(stored) if isinstance(item, BackendEvent) else item for item in items]

    def _store(self, events: Sequence[BackendEvent]) -> Sequence[Ingested]:
        alerts = [self._new_alert(event) for event in events]
        stored = self.store.add_alerts(alerts) if alerts else ()
        return [_ingested(*pair) for pair in zip(alerts, stored, strict=True)]

    def _new_alert(self, event: BackendEvent) -> NewAlert:
        received_at_utc = self.clock.now_utc()
        return NewAlert(
            event=event,
            event_id=event.event_id
            or new_event_id(occurred_at_utc=received_at_utc, random_bytes=self.random_bytes(3)),
            location=self.location_by_device.get(event.device_id),
            received_at_utc=received_at_utc,
        )


def _ingested(alert: NewAlert, stored: StoredAlert) -> Ingested:
    return Ingested(
        status=201 if stored.is_new else 200,
        cursor=stored.cursor,
        alert=BrowserAlert(
            type=alert.event.type,
            device_id=alert.event.device_id,
            alerted_at_utc=alert.received_at_utc,
            location=alert.location,
            event_id=alert.event_id,
            source=alert.event.source,
        ),
    )
