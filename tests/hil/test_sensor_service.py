"""The real sensor process on a real kernel line, with a real Mosquitto."""

import json
import queue
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest

from surveil_core.events import SensorKind
from tests.contracts.sensors import motion_on
from tests.hil.bench import Bench
from tests.rig.brokers import Address
from tests.rig.programs import Program, program
from tests.waiting import wait_for

START_S = 90.0
"""Python starts slowly on an emulated processor."""

QUIET_S = 3.0
"""Longer than the debounce of 2 s: what has not come by then does not come."""


class Listener:
    """Hears every sensor message, as `mosquitto_sub -t 'sensor/#'` does."""

    def __init__(self, broker: Address) -> None:
        self._heard: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        ready: queue.Queue[bool] = queue.Queue()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("sensor/#", 1)
        self._client.on_subscribe = lambda *_: ready.put(True)
        self._client.on_message = lambda _client, _data, message: self._heard.put(
            (message.topic, json.loads(message.payload))
        )
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        ready.get(timeout=START_S)

    def next(self, timeout_s: float = START_S) -> tuple[str, dict[str, Any]]:
        """Wait for a message: its topic and its document."""
        return self._heard.get(timeout=timeout_s)

    def hears_nothing(self) -> bool:
        """Whether it stays quiet for longer than the debounce."""
        try:
            self._heard.get(timeout=QUIET_S)
        except queue.Empty:
            return True
        return False

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def listener(broker: Address) -> Iterator[Listener]:
    """A subscriber of the test's own."""
    with closing(Listener(broker)) as listener:
        yield listener


@contextmanager
def sensor_process(
    broker: Address, folder: Path, sensors: Mapping[SensorKind, int], *, waits_for: int
) -> Iterator[Program]:
    """Run `python -m apps.edge run sensor` with a sensor of each kind at a pin.

    Yields when `waits_for` of them are ready.
    """
    settings: dict[str, object] = {
        "LOG__FORMAT": "json",
        "MQTT__HOST": broker.host,
        "MQTT__PORT": broker.port,
        "STORAGE__DATA_DIR": folder / "data",
    }
    file = folder / "edge.toml"
    file.write_text(
        "".join(f'[[sensors]]\nkind = "{kind}"\npin = {pin}\n' for kind, pin in sensors.items())
    )
    with program("apps.edge", "--config", str(file), "run", "sensor", settings=settings) as running:
        wait_for(
            "the sensors are ready",
            lambda: (
                (
                    len(notices(running, "sensor_ready")) >= waits_for
                    and len(notices(running, "broker_connected")) >= waits_for
                )
                or running.process.poll() is not None
            ),
            within_s=START_S,
        )
        assert running.process.poll() is None, running.output
        yield running
        assert running.stop(within_s=START_S) == 0, running.output


def notices(running: Program, event: str) -> list[dict[str, Any]]:
    """What the process has told of one kind."""
    documents = [json.loads(line) for line in list(running.lines) if line.startswith("{")]
    return [document for document in documents if document["event"] == event]


def test_a_motion_is_one_message_with_the_fields_of_the_spec(
    bench: Bench, broker: Address, listener: Listener, tmp_path: Path
) -> None:
    """A rising line becomes one message, and the falling one none."""
    pin = bench.pins[0]
    with sensor_process(broker, tmp_path, {SensorKind.MOTION: pin}, waits_for=1):
        before = datetime.now(UTC)
        bench.drive(pin, high=True)
        topic, message = listener.next()
        bench.drive(pin, high=False)
        assert listener.hears_nothing()
    assert topic == "sensor/motion"
    occurred = datetime.fromisoformat(message.pop("timestamp")).replace(tzinfo=UTC)
    assert before - timedelta(seconds=0.1) <= occurred <= before + timedelta(seconds=2)
    assert re.fullmatch(r"evt-\d{10}-[0-9a-f]{6}", message.pop("event_id"))
    assert message == {
        "device_id": "raspberry-1",
        "source": "PIR",
        "type": "MOTION_DETECTED",
        "data": {"gpio_pin": pin, "state": "HIGH"},
    }


def test_a_bouncing_contact_is_one_event(
    bench: Bench, broker: Address, listener: Listener, tmp_path: Path
) -> None:
    """Twenty toggles at once are one event, of the first of them."""
    pin = bench.pins[0]
    with sensor_process(broker, tmp_path, {SensorKind.MOTION: pin}, waits_for=1):
        for high in [True, False] * 10:
            bench.drive(pin, high=high)
        assert listener.next()[1]["data"] == {"gpio_pin": pin, "state": "HIGH"}
        assert listener.hears_nothing()


def test_a_button_to_ground_needs_no_settings(
    bench: Bench, broker: Address, listener: Listener, tmp_path: Path
) -> None:
    """By default a button has a pull-up and fires on LOW; letting go is no event."""
    pin = bench.pins[0]
    bench.drive(pin, high=True)
    with sensor_process(broker, tmp_path, {SensorKind.BUTTON: pin}, waits_for=1):
        bench.drive(pin, high=False)
        topic, message = listener.next()
        bench.drive(pin, high=True)
        assert listener.hears_nothing()
    assert (topic, message["type"]) == ("sensor/button", "BUTTON_PRESSED")
    assert (message["source"], message["data"]) == ("BUTTON", {"gpio_pin": pin, "state": "LOW"})


def test_a_busy_pin_is_told_and_the_other_sensor_works(
    bench: Bench, broker: Address, listener: Listener, tmp_path: Path
) -> None:
    """The text names sensor, pin and reason; once the pin is free the sensor comes by itself."""
    if len(bench.pins) < 2:
        pytest.skip("one line only; wire a second jumper")
    free, busy = bench.pins[:2]
    holder = bench.make_sensors(motion_on(busy))
    holder.open()
    sensors = {SensorKind.MOTION: free, SensorKind.PRESSURE: busy}
    with sensor_process(broker, tmp_path, sensors, waits_for=1) as running:
        (told, *_) = wait_for(
            "the failure is told", lambda: notices(running, "sensor_failed"), within_s=START_S
        )
        assert f"'Tapis Entrée' on pin {busy} cannot be read: GPIO busy" in told["reason"]
        bench.drive(free, high=True)
        assert listener.next()[0] == "sensor/motion"
        holder.close()
        wait_for(
            "the sensor comes back",
            lambda: len(notices(running, "sensor_ready")) == 2,
            within_s=START_S,
        )
        bench.drive(busy, high=True)
        bench.drive(busy, high=False)
        assert listener.next()[0] == "sensor/pressure"
