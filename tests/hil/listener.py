"""A subscriber, as `mosquitto_sub -t 'sensor/#'` is one."""

import json
import queue
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.rig.brokers import Address

START_S = 180.0
"""Python starts slowly on an emulated processor, and more so on a busy machine."""

QUIET_S = 3.0
"""Longer than the default debounce of 2 s: what has not come by then does not come."""


class Listener:
    """Hears every sensor message from its making on."""

    def __init__(self, broker: Address) -> None:
        self._heard: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        ready: queue.Queue[bool] = queue.Queue()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
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

    def hears_nothing(self, quiet_s: float = QUIET_S) -> bool:
        """Whether it stays quiet for longer than the debounce."""
        try:
            self._heard.get(timeout=quiet_s)
        except queue.Empty:
            return True
        return False

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()
