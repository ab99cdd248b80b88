"""What services say of themselves when they start, in the order of the spec's logs."""

from attrs import define

from apps.edge.config import EdgeSettings
from surveil_core import notices
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.sensors import SensorSpec
from surveil_core.vocabulary import FACTS_BY_KIND, SENSOR_TOPICS


def sensor_starting(service: str, spec: SensorSpec, *, simulated: bool) -> notices.Notice:
    """Introduce a sensor."""
    return notices.SensorStarting(
        service=service,
        kind=spec.kind,
        sensor_name=spec.name,
        gpio_pin=spec.pin,
        topic=FACTS_BY_KIND[spec.kind].topic,
        simulated=simulated,
    )


def surveillance_starting(settings: EdgeSettings) -> tuple[notices.Notice, ...]:
    """Introduce the surveillance service, up to the opening of its database."""
    return (
        notices.SurveillanceStarting(
            service="surveillance",
            device_id=settings.device.id,
            broker=f"{settings.mqtt.host}:{settings.mqtt.port}",
            topics=SENSOR_TOPICS,
            duration_s=settings.recording.duration_s,
            database=str(settings.storage.database),
        ),
        notices.DatabaseOpening(service="surveillance"),
    )


@define
class ReadyAnnouncer:
    """Passes notices on, and says `ready` once, when the topics are subscribed."""

    inner: Announcer
    ready: notices.Notice | None

    def announce(self, *told: notices.Notice) -> None:
        """Pass on what is told."""
        self.inner.announce(*told)
        is_subscribed = any(isinstance(notice, notices.TopicsSubscribed) for notice in told)
        if self.ready is not None and is_subscribed:
            ready, self.ready = self.ready, None
            self.inner.announce(ready)
