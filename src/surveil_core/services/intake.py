"""What every consumer of sensor messages does first: tell events from dead letters."""

from collections.abc import Collection, Sequence

from attrs import field, frozen

from surveil_core.errors import BadMessage
from surveil_core.events import SensorEvent
from surveil_core.messages import parse_sensor_message
from surveil_core.notices import MessageRefused
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.broker import Delivery
from surveil_core.ports.dead_letters import DeadLetter
from surveil_core.vocabulary import SENSOR_TOPICS


@frozen(kw_only=True)
class Sorted:
    """Messages in their order of arrival: the legal ones, and those to keep as refused."""

    events: Sequence[tuple[Delivery, SensorEvent]] = field(factory=list)
    dead: Sequence[DeadLetter] = field(factory=list)


def sort_deliveries(
    deliveries: Sequence[Delivery],
    announcer: Announcer,
    *,
    service: str,
    topics: Collection[str] = SENSOR_TOPICS,
) -> Sorted:
    """Parse messages. One that breaks the contract is announced with its reason."""
    events: list[tuple[Delivery, SensorEvent]] = []
    dead: list[DeadLetter] = []
    for delivery in deliveries:
        try:
            events.append((delivery, _parse(delivery, topics)))
        except BadMessage as error:
            dead.append(refuse(delivery, str(error), announcer, service))
    return Sorted(events=events, dead=dead)


def _parse(delivery: Delivery, topics: Collection[str]) -> SensorEvent:
    if delivery.topic not in topics:
        raise BadMessage(f"topic is {delivery.topic!r}, expected one of {', '.join(topics)}")
    return parse_sensor_message(delivery.payload)


def refuse(delivery: Delivery, reason: str, announcer: Announcer, service: str) -> DeadLetter:
    """Make a dead letter of a message, and say why."""
    announcer.announce(
        MessageRefused(
            service=service,
            topic=delivery.topic,
            reason=reason,
            payload_bytes=len(delivery.payload),
        )
    )
    return DeadLetter(topic=delivery.topic, payload=delivery.payload, reason=reason)
