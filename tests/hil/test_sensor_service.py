"""The real sensor process on real kernel lines, with a real Mosquitto."""

import re
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import frozen

from surveil_core.events import SensorKind
from tests.hil.edge import await_notices, edge_process, notices
from tests.hil.lines import Lines
from tests.hil.listener import Listener
from tests.rig.brokers import Address
from tests.rig.programs import Program

WARM_UP_S = 10.0

SENSORS = (
    f"kind = 'motion'\nwarm_up_s = {WARM_UP_S}",
    "kind = 'button'",
    "kind = 'pressure'\nname = 'Tapis Salon'\npull = 'down'\nmin_interval_s = 0.05",
)
"""A PIR and a button as they come; a mat that is no contact to ground."""

KINDS = tuple(SensorKind)
IS_HIGH_AT_REST = (False, True, False)


@frozen
class Sensors:
    """The running process and the hand at its lines, in the order of `SENSORS`."""

    running: Program
    lines: Lines
    warm_up_verdicts: list[str]
    messages_in_warm_up: bool

    def pin(self, kind: SensorKind) -> int:
        """Say the line of a sensor; skip the test where no wire goes there."""
        index = KINDS.index(kind)
        if index >= len(self.lines.pins):
            pytest.skip(f"{len(self.lines.pins)} lines only; wire {index + 1} jumpers")
        return self.lines.pins[index]

    def set(self, kind: SensorKind, *, pressed: bool) -> None:
        """Press a sensor or let it go."""
        at_rest = IS_HIGH_AT_REST[KINDS.index(kind)]
        self.lines.drive(self.pin(kind), high=at_rest is not pressed)

    def rest(self) -> None:
        """Let all go."""
        for kind, _ in zip(KINDS, self.lines.pins, strict=False):
            self.set(kind, pressed=False)


@pytest.fixture(scope="module")
def process(
    lines: Lines, broker: Address, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sensors]:
    """One process for the module, since its start takes half a minute on the virtual Pi.

    The motion sensor is pressed once at its very beginning, then left to warm up.
    """
    pinned = list(zip(SENSORS, lines.pins, strict=False))
    for is_high, pin in zip(IS_HIGH_AT_REST, lines.pins, strict=False):
        lines.drive(pin, high=is_high)
    with (
        closing(Listener(broker)) as listener,
        edge_process(
            "sensor",
            sensors="".join(f"[[sensors]]\n{text}\npin = {pin}\n" for text, pin in pinned),
            broker=broker,
            folder=tmp_path_factory.mktemp("sensors"),
            awaits={"sensor_ready": len(pinned)},
        ) as running,
    ):
        ready_s = time.monotonic()
        lines.drive(lines.pins[0], high=True)
        lines.drive(lines.pins[0], high=False)
        ignored = await_notices(running, "edge_ignored")
        await_notices(running, "broker_connected", len(pinned))
        is_quiet = listener.hears_nothing()
        time.sleep(max(0.0, ready_s + WARM_UP_S - time.monotonic()))
        yield Sensors(running, lines, [told["verdict"] for told in ignored], not is_quiet)


@pytest.fixture
def sensors(process: Sensors, listener: Listener) -> Iterator[Sensors]:
    """All sensors at rest, and quiet for longer than any debounce, when a test is over."""
    yield process
    process.rest()
    listener.hears_nothing()


def data(message: dict[str, Any]) -> dict[str, Any]:
    """What a message says of the line."""
    fields: dict[str, Any] = message["data"]
    return fields


def test_a_motion_is_one_message_with_the_fields_of_the_spec(
    sensors: Sensors, listener: Listener
) -> None:
    """A rising line becomes one message, and the falling one none."""
    before = datetime.now(UTC)
    sensors.set(SensorKind.MOTION, pressed=True)
    after = datetime.now(UTC)
    topic, message = listener.next()
    sensors.set(SensorKind.MOTION, pressed=False)
    assert listener.hears_nothing()
    assert topic == "sensor/motion"
    occurred = datetime.fromisoformat(message.pop("timestamp")).replace(tzinfo=UTC)
    assert before - timedelta(seconds=0.1) <= occurred <= after + timedelta(seconds=1)
    assert re.fullmatch(r"evt-\d{10}-[0-9a-f]{6}", message.pop("event_id"))
    assert message == {
        "device_id": "raspberry-1",
        "source": "PIR",
        "type": "MOTION_DETECTED",
        "data": {"gpio_pin": sensors.pin(SensorKind.MOTION), "state": "HIGH"},
    }


def test_a_bouncing_contact_is_one_event(sensors: Sensors, listener: Listener) -> None:
    """Twenty toggles at once are one event, of the first of them."""
    for pressed in [True, False] * 10:
        sensors.set(SensorKind.MOTION, pressed=pressed)
    assert listener.next()[1]["data"]["state"] == "HIGH"
    assert listener.hears_nothing()


def test_a_cold_pir_is_ignored_and_a_warm_one_is_not(sensors: Sensors, listener: Listener) -> None:
    """What it sees while it warms up is told in the log and is no message."""
    assert sensors.warm_up_verdicts == ["warming up"]
    assert not sensors.messages_in_warm_up
    sensors.set(SensorKind.MOTION, pressed=True)
    assert listener.next()[0] == "sensor/motion"


def test_a_button_to_ground_needs_no_settings(sensors: Sensors, listener: Listener) -> None:
    """By default a button has a pull-up and fires on LOW; letting go is no event."""
    pin = sensors.pin(SensorKind.BUTTON)
    assert sensors.lines.is_high_undriven(pin)
    sensors.set(SensorKind.BUTTON, pressed=True)
    topic, message = listener.next()
    sensors.set(SensorKind.BUTTON, pressed=False)
    assert listener.hears_nothing()
    assert (topic, message["type"]) == ("sensor/button", "BUTTON_PRESSED")
    assert (message["source"], data(message)) == ("BUTTON", {"gpio_pin": pin, "state": "LOW"})


def test_name_pull_polarity_and_interval_are_those_of_the_configuration(
    sensors: Sensors, listener: Listener
) -> None:
    """A mat is a contact to ground by default; told otherwise it fires on HIGH, twice in 2 s."""
    pin = sensors.pin(SensorKind.PRESSURE)
    names = {told["kind"]: told["sensor_name"] for told in notices(sensors.running, "sensor_ready")}
    assert names == {"motion": "PIR Entrée", "button": "Bouton Entrée", "pressure": "Tapis Salon"}
    assert not sensors.lines.is_high_undriven(pin)
    times = []
    for _ in range(2):
        sensors.set(SensorKind.PRESSURE, pressed=True)
        time.sleep(0.1)  # longer than the interval
        sensors.set(SensorKind.PRESSURE, pressed=False)
        topic, message = listener.next()
        times.append(datetime.fromisoformat(message["timestamp"]))
        assert (topic, message["type"]) == ("sensor/pressure", "PRESSURE_DETECTED")
        assert data(message) == {"gpio_pin": pin, "state": "HIGH"}


def test_three_sensors_fire_at_once(sensors: Sensors, listener: Listener) -> None:
    """Each kind has a topic and a line of its own, and none holds up another."""
    pins = {f"sensor/{kind}": sensors.pin(kind) for kind in KINDS}
    for kind in KINDS:
        sensors.set(kind, pressed=True)
    heard = [listener.next() for _ in KINDS]
    assert {topic: data(message)["gpio_pin"] for topic, message in heard} == pins
