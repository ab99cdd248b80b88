"""The spec's tables, as printed."""

import pytest

from surveil_core.events import EventType, SensorKind
from surveil_core.vocabulary import (
    ALERT_TYPE_BY_EVENT_TYPE,
    FACTS_BY_KIND,
    KIND_BY_EVENT_TYPE,
    SENSOR_TOPICS,
    bridge_client_id,
    sensor_client_id,
    surveillance_client_id,
)


def test_mapping_of_the_spec() -> None:
    """The three lines of "Mapping des types d'événements", and no other."""
    printed = {
        "MOTION_DETECTED": "motion_detected",
        "BUTTON_PRESSED": "button_pressed",
        "PRESSURE_DETECTED": "button_pressed",
    }
    assert {k.value: v.value for k, v in ALERT_TYPE_BY_EVENT_TYPE.items()} == printed


def test_every_event_type_is_mapped_and_has_a_kind() -> None:
    """No event type is left out of a table."""
    assert set(ALERT_TYPE_BY_EVENT_TYPE) == set(EventType)
    assert set(KIND_BY_EVENT_TYPE) == set(EventType)
    assert set(FACTS_BY_KIND) == set(SensorKind)


@pytest.mark.parametrize(
    ("kind", "topic", "source", "event_type"),
    [
        (SensorKind.MOTION, "sensor/motion", "PIR", EventType.MOTION_DETECTED),
        (SensorKind.BUTTON, "sensor/button", "BUTTON", EventType.BUTTON_PRESSED),
        (SensorKind.PRESSURE, "sensor/pressure", "PRESSURE", EventType.PRESSURE_DETECTED),
    ],
)
def test_facts_of_each_kind(
    kind: SensorKind, topic: str, source: str, event_type: EventType
) -> None:
    """Topic, source and type of each sensor are the spec's."""
    facts = FACTS_BY_KIND[kind]
    assert (facts.topic, facts.source, facts.event_type) == (topic, source, event_type)
    assert KIND_BY_EVENT_TYPE[event_type] is kind


def test_topics_stand_in_the_order_of_the_spec() -> None:
    """The log prints `sensor/motion, sensor/button, sensor/pressure`."""
    assert ", ".join(SENSOR_TOPICS) == "sensor/motion, sensor/button, sensor/pressure"


def test_default_pins_differ() -> None:
    """The default configuration wires each sensor to its own line; the PIR to 17."""
    pins = [facts.default_pin for facts in FACTS_BY_KIND.values()]
    assert pins[0] == 17
    assert len(set(pins)) == len(pins)


def test_client_ids_of_the_spec() -> None:
    """Mosquitto's log in the spec shows these three names."""
    assert sensor_client_id(SensorKind.MOTION, "raspberry-1") == "sensor-motion-raspberry-1"
    assert bridge_client_id("raspberry-1") == "mqtt-bridge-raspberry-1"
    assert surveillance_client_id("raspberry-1") == "surveillance-raspberry-1"


def test_tables_cannot_be_changed() -> None:
    """The tables are the same for the whole program."""
    with pytest.raises(TypeError):
        ALERT_TYPE_BY_EVENT_TYPE[EventType.BUTTON_PRESSED] = "x"  # type: ignore[index]
