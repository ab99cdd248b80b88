"""The `Inbox` port: a persistent session with manual acknowledgement.

A message counts as ours when the caller acknowledges it. What was handed over on an
earlier connection and not acknowledged there comes again on the next one, so stale
deliveries are dropped here and their acknowledgements are not sent: their packet
identifiers may by then name other messages (MQTT 3.1.1, 2.3.1 and 4.4).

The broker bounds how many QoS 1 messages wait here unacknowledged. QoS 0 has no such
brake: beyond `MAX_WAITING_MESSAGES` in the queue, these are refused and counted.
"""

import contextlib
import itertools
import queue
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as paho
from attrs import frozen
from paho.mqtt.reasoncodes import ReasonCode

from surveil_adapters.mqtt.link import BrokerAddress, BrokerLink
from surveil_core.notices import BrokerConnectionFailed, MessagesOverflowing, TopicsSubscribed
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.broker import Delivery

MAX_WAITING_MESSAGES = 1000


@frozen
class _Token:
    connection: int
    mid: int
    qos: int


class PahoInbox:
    """Subscribes to `topics` at QoS 1; what was published at QoS 0 comes as such."""

    def __init__(
        self,
        *,
        address: BrokerAddress,
        client_id: str,
        topics: Sequence[str],
        service: str,
        announcer: Announcer,
        clean_session: bool = False,
    ) -> None:
        self._address = address
        self._topics = tuple(topics)
        self._service = service
        self._announcer = announcer
        self._deliveries: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._is_overflowing = False
        self._refused_messages = 0
        self._connections = itertools.count(1)
        self._connection = 0
        self._link = BrokerLink(
            address=address,
            client_id=client_id,
            service=service,
            announcer=announcer,
            clean_session=clean_session,
            on_connected=self._subscribe,
            manual_ack=True,
        )
        self._link.client.on_message = self._handle_message
        self._link.client.on_subscribe = self._handle_subscribe

    def open(self) -> None:
        """Start connecting and subscribing in the background."""
        self._link.open()

    def receive(self, timeout_s: float) -> Delivery | None:
        """Wait for a message of the present connection."""
        try:
            delivery = self._deliveries.get(timeout=timeout_s)
        except queue.Empty:
            self._is_overflowing = False
            return None
        return delivery if self._is_present(delivery) else None

    def acknowledge(self, delivery: Delivery) -> None:
        """Send the PUBACK, unless the message will come again on its own."""
        token = delivery.token
        if isinstance(token, _Token) and self._is_present(delivery):
            self._link.client.ack(token.mid, token.qos)

    def close(self) -> None:
        """Disconnect; the broker keeps the session."""
        self._link.close()

    def _is_present(self, delivery: Delivery) -> bool:
        return isinstance(delivery.token, _Token) and delivery.token.connection == self._connection

    def _subscribe(self, client: paho.Client) -> None:
        self._connection = next(self._connections)
        self._drop_stale()
        client.subscribe([(topic, 1) for topic in self._topics])

    def _drop_stale(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._deliveries.get_nowait()

    def _handle_subscribe(
        self, _client: Any, _userdata: Any, _mid: int, reasons: list[ReasonCode], _props: Any
    ) -> None:
        refused = [t for t, r in zip(self._topics, reasons, strict=False) if r.is_failure]
        if refused:
            self._announcer.announce(
                BrokerConnectionFailed(
                    service=self._service,
                    host=self._address.host,
                    port=self._address.port,
                    attempt=1,
                    reason=f"the broker refuses the subscription to {', '.join(refused)}",
                )
            )
            return
        self._announcer.announce(TopicsSubscribed(service=self._service, topics=self._topics))

    def _handle_message(self, _client: Any, _userdata: Any, message: paho.MQTTMessage) -> None:
        waiting = self._deliveries.qsize()
        if message.qos == 0 and waiting >= MAX_WAITING_MESSAGES:
            self._refuse(message.topic, waiting)
            return
        self._deliveries.put(
            Delivery(
                topic=message.topic,
                payload=bytes(message.payload),
                token=_Token(self._connection, message.mid, message.qos),
            )
        )

    def _refuse(self, topic: str, waiting: int) -> None:
        self._refused_messages += 1
        if not self._is_overflowing:
            self._is_overflowing = True
            self._announcer.announce(
                MessagesOverflowing(
                    service=self._service,
                    topic=topic,
                    waiting_messages=waiting,
                    refused_messages=self._refused_messages,
                )
            )
