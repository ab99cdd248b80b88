"""The `Publisher` port: each connection starts from nothing; the caller's journal keeps."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as paho
from attrs import define, field
from paho.mqtt.enums import MQTTErrorCode

from surveil_adapters.mqtt.address import BrokerAddress
from surveil_adapters.mqtt.connection import Connection
from surveil_adapters.mqtt.link import BrokerLink
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.wakeup import Wakeup

MAX_INFLIGHT_MESSAGES = 100
MAX_OUTSTANDING_MESSAGES = 10_000
CLOSE_GRACE_S = 2.0


@define(eq=False)
class _Flight:
    """What is out on one connection.

    The caller's thread matches PUBACKs to record ids: it learns a packet identifier only
    when `publish` returns, and the PUBACK may be here before.
    """

    number: int
    connection: Connection
    record_ids: dict[int, int] = field(factory=dict)
    pubacks: deque[int] = field(factory=deque)

    @property
    def awaits_pubacks(self) -> bool:
        return self.connection.is_live and len(self.record_ids) > len(self.pubacks)

    def publish(self, topic: str, payload: bytes, record_id: int) -> bool:
        if len(self.record_ids) >= MAX_OUTSTANDING_MESSAGES:
            return False
        info = self.connection.client.publish(topic, payload, qos=1)
        if info.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False
        self.record_ids[info.mid] = record_id
        self.connection.wake()
        return True

    def take_acknowledged(self) -> list[int]:
        mids = [self.pubacks.popleft() for _ in range(len(self.pubacks))]
        return [self.record_ids.pop(mid) for mid in mids]


class PahoPublisher:
    """Publishes at QoS 1, 100 messages at a time awaiting their PUBACK; paho queues the rest.

    `wakeup` is rung on each PUBACK and each new connection. The session is kept at the broker
    for one thing only: whether it is still there tells whether the broker lost its state.
    """

    def __init__(
        self,
        *,
        address: BrokerAddress,
        client_id: str,
        service: str,
        announcer: Announcer,
        wakeup: Wakeup | None = None,
    ) -> None:
        self._wakeup = wakeup
        self._puback_came = threading.Event()
        self._connections = 0
        self._newest: _Flight | None = None
        self._told: _Flight | None = None
        self._link = BrokerLink(
            address=address,
            client_id=client_id,
            service=service,
            announcer=announcer,
            clean_session=False,
            manual_ack=False,
            handler=self,
        )

    def open(self) -> None:
        """Start connecting in the background."""
        self._link.open()

    def connection(self) -> int | None:
        """Number the live connection; `publish` and `take_acknowledged` mean this one."""
        flight = self._newest
        if flight is None or not flight.connection.is_live:
            return None
        self._told = flight
        return flight.number

    def is_remembered(self) -> bool:
        """Say whether the broker knew our session when the connection told last began."""
        return self._told is not None and self._told.connection.is_remembered

    def publish(self, topic: str, payload: bytes, *, record_id: int) -> bool:
        """Send a message on the connection that `connection` told last.

        False if it is gone, even when there is a new one: on that, what is older goes
        first. False too while 10,000 messages await their PUBACK.
        """
        flight = self._told
        if flight is None or not flight.connection.is_live:
            return False
        return flight.publish(topic, payload, record_id)

    def take_acknowledged(self) -> Sequence[int]:
        """Hand over what was acknowledged on the connection that `connection` told last."""
        return [] if self._told is None else self._told.take_acknowledged()

    def close(self) -> None:
        """Wait up to 2 s for outstanding PUBACKs, then disconnect."""
        ends_at_s = time.monotonic() + CLOSE_GRACE_S
        while self._told is not None and self._told.awaits_pubacks:
            left_s = ends_at_s - time.monotonic()
            if left_s <= 0:
                break
            self._puback_came.wait(min(left_s, 0.1))
            self._puback_came.clear()
        self._link.close()

    # --- on the link's thread ---------------------------------------------------------

    def prepare(self, client: paho.Client) -> None:
        """Let more messages be out at once than paho does by itself."""
        client.max_inflight_messages_set(MAX_INFLIGHT_MESSAGES)

    def accept(self, connection: Connection) -> None:
        """Begin a flight, with nothing in it."""
        self._connections += 1
        flight = _Flight(self._connections, connection)

        def note_puback(_client: Any, _userdata: Any, mid: int, _reason: Any, _props: Any) -> None:
            flight.pubacks.append(mid)
            self._puback_came.set()
            self._ring()

        connection.client.on_publish = note_puback
        self._newest = flight
        self._ring()

    def has_room(self) -> bool:
        """PUBACKs are always welcome."""
        return True

    def _ring(self) -> None:
        if self._wakeup is not None:
            self._wakeup.ring()
