"""The tables that tie kinds, types, topics and client ids together (spec, sections 1 to 4).

Each mapping is data, so that tests and documentation read the same table the program
runs on.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen

from surveil_core.events import EventType, SensorKind


class AlertType(enum.StrEnum):
    """What happened, in the words of the backend and of the browser."""

    MOTION_DETECTED = "motion_detected"
    BUTTON_PRESSED = "button_pressed"


ALERT_TYPE_BY_EVENT_TYPE: Mapping[EventType, AlertType] = MappingProxyType(
    {
        EventType.MOTION_DETECTED: AlertType.MOTION_DETECTED,
        EventType.BUTTON_PRESSED: AlertType.BUTTON_PRESSED,
        EventType.PRESSURE_DETECTED: AlertType.BUTTON_PRESSED,
    }
)
"""The spec's "Mapping des types d'événements"."""


@frozen(kw_only=True)
class KindFacts:
    """What the spec fixes for one kind of sensor."""

    event_type: EventType
    source: str
    topic: str
    default_name: str
    default_pin: int


FACTS_BY_KIND: Mapping[SensorKind, KindFacts] = MappingProxyType(
    {
        SensorKind.MOTION: KindFacts(
            event_type=EventType.MOTION_DETECTED,
            source="PIR",
            topic="sensor/motion",
            default_name="PIR Entrée",
            default_pin=17,
        ),
        SensorKind.BUTTON: KindFacts(
            event_type=EventType.BUTTON_PRESSED,
            source="BUTTON",
            topic="sensor/button",
            default_name="Bouton Entrée",
            default_pin=27,
        ),
        SensorKind.PRESSURE: KindFacts(
            event_type=EventType.PRESSURE_DETECTED,
            source="PRESSURE",
            topic="sensor/pressure",
            default_name="Tapis Entrée",
            default_pin=22,
        ),
    }
)

SENSOR_TOPICS: tuple[str, ...] = tuple(facts.topic for facts in FACTS_BY_KIND.values())
"""What the bridge and the surveillance service subscribe to, in the spec's order."""

KIND_BY_EVENT_TYPE: Mapping[EventType, SensorKind] = MappingProxyType(
    {facts.event_type: kind for kind, facts in FACTS_BY_KIND.items()}
)


def sensor_client_id(kind: SensorKind, device_id: str) -> str:
    """Name the MQTT client of a sensor: `sensor-motion-raspberry-1`."""
    return f"sensor-{kind}-{device_id}"


def bridge_client_id(device_id: str) -> str:
    """Name the MQTT client of the bridge: `mqtt-bridge-raspberry-1`."""
    return f"mqtt-bridge-{device_id}"


def surveillance_client_id(device_id: str) -> str:
    """Name the MQTT client of the surveillance service: `surveillance-raspberry-1`."""
    return f"surveillance-{device_id}"


def web_client_id(device_id: str) -> str:
    """Name the MQTT client of the Pi's own page: `web-raspberry-1`."""
    return f"web-{device_id}"
