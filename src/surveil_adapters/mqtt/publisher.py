"""The `Publisher` port: paho keeps each message until its PUBACK, across reconnections."""

import threading
from typing import Any

from paho.mqtt.enums import MQTTErrorCode

from surveil_adapters.mqtt.link import BrokerAddress, BrokerLink
from surveil_core.errors import BrokerUnavailable
from surveil_core.ports.announcer import Announcer

MAX_KEPT_MESSAGES = 10_000
CLOSE_GRACE_S = 2.0
_KEPT = (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN)


class PahoPublisher:
    """Publishes at QoS 1. About 3 MB of memory at `MAX_KEPT_MESSAGES` of the spec's size."""

    def __init__(
        self, *, address: BrokerAddress, client_id: str, service: str, announcer: Announcer
    ) -> None:
        self._link = BrokerLink(
            address=address,
            client_id=client_id,
            service=service,
            announcer=announcer,
            clean_session=True,
        )
        self._link.client.max_queued_messages_set(MAX_KEPT_MESSAGES)
        self._link.client.on_publish = self._handle_puback
        self._kept = 0
        self._changed = threading.Condition()

    def open(self) -> None:
        """Start connecting in the background."""
        self._link.open()

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hand a message to paho; False if it waits there for a connection."""
        with self._changed:
            self._kept += 1
        result = self._link.client.publish(topic, payload, qos=1)
        if result.rc not in _KEPT:
            self._release_one()
            raise BrokerUnavailable(
                f"{topic}: {MAX_KEPT_MESSAGES} messages wait for the broker already, "
                f"no more are kept ({result.rc.name}); bring the broker back"
            )
        # before the CONNACK paho has a socket already, and reports success
        return result.rc is MQTTErrorCode.MQTT_ERR_SUCCESS and self._link.client.is_connected()

    def close(self) -> None:
        """Wait up to 2 s for outstanding PUBACKs, then disconnect."""
        if self._link.client.is_connected():
            with self._changed:
                self._changed.wait_for(lambda: self._kept == 0, CLOSE_GRACE_S)
        self._link.close()

    def _handle_puback(
        self, _client: Any, _userdata: Any, _mid: int, _reason: Any, _props: Any
    ) -> None:
        self._release_one()

    def _release_one(self) -> None:
        with self._changed:
            self._kept -= 1
            self._changed.notify_all()
