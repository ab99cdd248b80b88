"""What every consumer of sensor messages does first."""

from surveil_core.errors import BadMessage
from surveil_core.events import SensorEvent
from surveil_core.messages import parse_sensor_message
from surveil_core.notices import MessageRefused
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.broker import Delivery, Inbox


def receive_event(
    inbox: Inbox, announcer: Announcer, *, service: str, timeout_s: float
) -> tuple[Delivery, SensorEvent] | None:
    """Wait for one message; the caller acknowledges what it is given.

    A message that breaks the contract is announced with its reason and acknowledged,
    since it would break it again. None then, and after `timeout_s`.
    """
    delivery = inbox.receive(timeout_s)
    if delivery is None:
        return None
    try:
        return delivery, parse_sensor_message(delivery.payload)
    except BadMessage as error:
        announcer.announce(
            MessageRefused(
                service=service,
                topic=delivery.topic,
                reason=str(error),
                payload_bytes=len(delivery.payload),
            )
        )
        inbox.acknowledge(delivery)
        return None
