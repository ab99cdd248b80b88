"""The Pi's own alerts: MQTT in, browsers out.

On a Pi the page hears of events from the broker, as the bridge does, and not from the
backend, so it works while the Internet is away. Repeats are passed on: the page knows
events by `(device_id, event_id)`.
"""

from collections.abc import Mapping

from attrs import define, field

from surveil_core.events import SensorEvent
from surveil_core.messages import BrowserAlert
from surveil_core.ports.alert_sink import AlertSink
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.broker import Inbox
from surveil_core.ports.clock import Clock
from surveil_core.services.receiving import receive_event
from surveil_core.vocabulary import ALERT_TYPE_BY_EVENT_TYPE


@define(kw_only=True)
class AlertingService:
    """Shows events as they come. One thread calls `step`."""

    service: str = "web"
    inbox: Inbox
    sink: AlertSink
    clock: Clock
    announcer: Announcer
    location_by_device: Mapping[str, str] = field(factory=dict)

    def step(self, timeout_s: float) -> None:
        """Wait for one message and show it."""
        received = receive_event(
            self.inbox, self.announcer, service=self.service, timeout_s=timeout_s
        )
        if received is None:
            return
        delivery, event = received
        self.sink.emit(self._alert(event))
        self.inbox.acknowledge(delivery)

    def _alert(self, event: SensorEvent) -> BrowserAlert:
        return BrowserAlert(
            type=ALERT_TYPE_BY_EVENT_TYPE[event.type],
            device_id=event.device_id,
            alerted_at_utc=self.clock.now_utc(),
            location=self.location_by_device.get(event.device_id),
            event_id=event.event_id,
            source=event.source,
        )
