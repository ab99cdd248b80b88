"""The backend's intake: an HTTP body in, a stored event and an alert out (spec, section 5)."""

from collections.abc import Callable, Mapping

from attrs import define, field, frozen

from surveil_core.events import new_event_id
from surveil_core.messages import BrowserAlert, parse_backend_body
from surveil_core.ports.alert_store import AlertStore
from surveil_core.ports.clock import Clock


@frozen(kw_only=True)
class Ingested:
    """What became of a body: `201` with an alert to emit, or `200` for a known event."""

    status: int
    cursor: int
    alert: BrowserAlert


@define(kw_only=True)
class IngestService:
    """Stores what bridges send. `ingest` is safe from any thread if the store is."""

    store: AlertStore
    clock: Clock
    random_bytes: Callable[[int], bytes]
    location_by_device: Mapping[str, str] = field(factory=dict)

    def ingest(self, body: bytes) -> Ingested:
        """Take one body. Raises `BadMessage` (answer 400) or `StoreUnavailable` (503).

        A body without an event id (the spec's minimal form) is given a new one and so
        counts as new each time.
        """
        event = parse_backend_body(body)
        received_at_utc = self.clock.now_utc()
        event_id = event.event_id or new_event_id(
            occurred_at_utc=received_at_utc, random_bytes=self.random_bytes(3)
        )
        location = self.location_by_device.get(event.device_id)
        stored = self.store.add_alert(
            event, event_id=event_id, location=location, received_at_utc=received_at_utc
        )
        return Ingested(
            status=201 if stored.is_new else 200,
            cursor=stored.cursor,
            alert=BrowserAlert(
                type=event.type,
                device_id=event.device_id,
                alerted_at_utc=received_at_utc,
                location=location,
                event_id=event_id,
                source=event.source,
            ),
        )
