"""The sensors of a measurement: one paho client that publishes for many devices.

An event's number (0, 1, 2, ...) is in its id and the moment it was published, by
CLOCK_MONOTONIC, in its `data.sent_s`. What the broker has not acknowledged is published again after
a reconnect, which is tried ten times a second.
"""

import json
import threading
import time
from datetime import UTC, datetime
from typing import Any

import paho.mqtt.client as paho
from attrs import define, field
from paho.mqtt.enums import CallbackAPIVersion

from tests.rig.brokers import Address
from tests.waiting import wait_for

TOPIC = "sensor/motion"
PROBE = "probe"
"""The device whose events only show that a subject is ready; nothing counts them."""

_RECONNECT_S = 0.1
_MAX_UNACKNOWLEDGED = 100


def event_id(number: int) -> str:
    """Name event `number` as sensors name theirs."""
    return f"evt-{int(time.time())}-{number:06x}"


def number_of(event_id: str) -> int:
    """Find the number in an id again."""
    return int(event_id.rpartition("-")[2], 16)


def message(number: int, device_id: str) -> bytes:
    """Write the message of an event that is published now."""
    return json.dumps(
        {
            "event_id": event_id(number),
            "device_id": device_id,
            "source": "PIR",
            "type": "MOTION_DETECTED",
            "data": {"gpio_pin": 17, "state": "HIGH", "sent_s": time.monotonic()},
            "timestamp": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds"),
        }
    ).encode()


@define
class Publisher:
    """Publishes at QoS 1; a context manager. `acknowledged` counts PUBACKs."""

    address: Address
    acknowledged: int = field(default=0, init=False)
    published: int = field(default=0, init=False)
    _client: paho.Client = field(init=False, repr=False)
    _leaving: threading.Event = field(factory=threading.Event, init=False)
    _thread: threading.Thread = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="bench-sensors", reconnect_on_failure=False
        )
        self._client.max_inflight_messages_set(_MAX_UNACKNOWLEDGED)
        self._client.on_publish = self._count
        self._client.connect_async(self.address.host, self.address.port)
        self._thread = threading.Thread(target=self._stay_connected, name="sensors", daemon=True)

    def __enter__(self) -> "Publisher":
        self._thread.start()
        wait_for("the sensors are connected", self._client.is_connected)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, count: int, *, devices: int, rate_per_s: float | None = None) -> None:
        """Publish events 0 to `count`, the devices in turn, evenly or as fast as it goes.

        Returns early when the publisher is closed meanwhile.
        """
        began_s = time.monotonic()
        for number in range(count):
            if rate_per_s is not None:
                self._leaving.wait(max(0.0, began_s + number / rate_per_s - time.monotonic()))
            else:
                self._wait_for_room()
            if self._leaving.is_set():
                return
            self.publish(message(number, f"device-{number % devices}"))

    def publish(self, payload: bytes) -> None:
        """Publish one message; kept until the broker has it."""
        self._client.publish(TOPIC, payload, qos=1)
        self.published += 1

    def wait_until_acknowledged(self) -> None:
        """Wait until the broker has everything. Raises `AssertionError` if it does not take it."""
        wait_for(
            "the broker has all events",
            lambda: self.acknowledged >= self.published,
            within_s=60,
        )

    def close(self) -> None:
        """Stop sending and disconnect. Closing twice is safe."""
        if not self._leaving.is_set():
            self._leaving.set()
            self._client.disconnect()
            self._thread.join(10)

    def _wait_for_room(self) -> None:
        while self.published - self.acknowledged >= _MAX_UNACKNOWLEDGED:
            if self._leaving.wait(0.0005):
                return

    def _count(self, *_: Any) -> None:
        self.acknowledged += 1

    def _stay_connected(self) -> None:
        while not self._leaving.is_set():
            try:
                self._client.reconnect()
            except OSError:
                self._leaving.wait(_RECONNECT_S)
                continue
            self._client.loop_forever()
