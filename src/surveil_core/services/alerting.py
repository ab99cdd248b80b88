"""The Pi's own alerts: MQTT in, browsers out.

On a Pi the page hears of events from the broker, as the bridge does, and not from the
backend, so it works while the Internet is away. A sensor publishes again after each
reconnect: what was shown lately is not shown again.
"""

from collections.abc import Mapping

from attrs import define, field

from surveil_core.events import SensorEvent
from surveil_core.messages import BrowserAlert
from surveil_core.ports.alert_sink import AlertSink
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.broker import Inbox
from surveil_core.ports.clock import Clock
from surveil_core.services.intake import sort_deliveries
from surveil_core.vocabulary import ALERT_TYPE_BY_EVENT_TYPE

GROUP_MESSAGES = 100
MAX_REMEMBERED_EVENTS = 10_000


@define(kw_only=True)
class AlertingService:
    """Shows events as they come. One thread calls `step`."""

    service: str = "web"
    inbox: Inbox
    sink: AlertSink
    clock: Clock
    announcer: Announcer
    location_by_device: Mapping[str, str] = field(factory=dict)

    _shown: dict[int, None] = field(factory=dict, init=False)

    def step(self, timeout_s: float) -> None:
        """Wait for messages and show them."""
        deliveries = self.inbox.receive(timeout_s, limit=GROUP_MESSAGES)
        found = sort_deliveries(deliveries, self.announcer, service=self.service)
        for _, event in found.events:
            if hash(event.key) not in self._shown:
                self.sink.emit(self._alert(event))
                self._remember(event)
        self.inbox.acknowledge(deliveries)

    def _remember(self, event: SensorEvent) -> None:
        self._shown[hash(event.key)] = None
        if len(self._shown) > MAX_REMEMBERED_EVENTS:
            del self._shown[next(iter(self._shown))]

    def _alert(self, event: SensorEvent) -> BrowserAlert:
        return BrowserAlert(
            type=ALERT_TYPE_BY_EVENT_TYPE[event.type],
            device_id=event.device_id,
            alerted_at_utc=self.clock.now_utc(),
            location=self.location_by_device.get(event.device_id),
            event_id=event.event_id,
            source=event.source,
        )
