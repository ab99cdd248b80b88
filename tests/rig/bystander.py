"""A client on the tests' broker that is no part of the product."""

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.rig.brokers import Address

TOPIC = "sensor/motion"


class Bystander:
    """Publishes what it likes, and waits for the broker's PUBACK each time."""

    def __init__(self, broker: Address) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    def publish(self, payload: bytes, topic: str = TOPIC) -> None:
        """Publish with QoS 1."""
        self._client.publish(topic, payload, qos=1).wait_for_publish(10)

    def close(self) -> None:
        """Leave in good order."""
        self._client.disconnect()
        self._client.loop_stop()
