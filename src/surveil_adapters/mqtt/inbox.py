"""The `Inbox` port: a persistent session with manual acknowledgement.

A message counts as ours when the caller acknowledges it. What was handed over on an
earlier connection and not acknowledged there comes again on the next one, so stale
deliveries are dropped here and their acknowledgements are not sent: their packet
identifiers may by then name other messages (MQTT 3.1.1, 2.3.1 and 4.4).

A session may be older than our configuration, and hold subscriptions that we no longer
want. Their messages are handed over like others, since the broker waits for an
acknowledgement of each, and their topics are unsubscribed. A wildcard subscription of
old cannot be known from its messages, and stays: these go on being handed over.
"""

from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from surveil_adapters.mqtt.address import BrokerAddress
from surveil_adapters.mqtt.connection import Connection
from surveil_adapters.mqtt.link import BrokerLink
from surveil_adapters.mqtt.waiting_room import Arrival, WaitingRoom
from surveil_core.errors import BrokerUnavailable
from surveil_core.notices import BrokerConnectionFailed, MessagesOverflowing, TopicsSubscribed
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.broker import Delivery
from surveil_core.ports.wakeup import Wakeup

MAX_UNSUBSCRIBED_TOPICS = 100
"""On one connection; a wildcard subscription has topics without end."""


class PahoInbox:
    """Subscribes to `topics` at QoS 1; what was published at QoS 0 comes as such.

    `wakeup` is rung on each arrival, and by `receive` when it leaves messages behind.
    """

    def __init__(
        self,
        *,
        address: BrokerAddress,
        client_id: str,
        topics: Sequence[str],
        service: str,
        announcer: Announcer,
        clean_session: bool = False,
        wakeup: Wakeup | None = None,
    ) -> None:
        self._address = address
        self._topics = tuple(topics)
        self._service = service
        self._announcer = announcer
        self._wakeup = wakeup
        self._room = WaitingRoom()
        self._connection: Connection | None = None
        self._unsubscribed: set[str] = set()
        self._link = BrokerLink(
            address=address,
            client_id=client_id,
            service=service,
            announcer=announcer,
            clean_session=clean_session,
            manual_ack=True,
            handler=self,
        )

    def open(self) -> None:
        """Start connecting and subscribing in the background."""
        self._link.open()

    def receive(self, timeout_s: float, *, limit: int) -> Sequence[Delivery]:
        """Wait for a message, then take what has arrived; at most `limit`."""
        arrivals, left = self._room.take(timeout_s, limit)
        if left:
            self._ring()
        return [self._hand_over(arrival) for arrival in arrivals]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Send the PUBACKs, in the order of arrival (MQTT 3.1.1, 4.6).

        Not for messages of an earlier connection, and only once for each.
        """
        connection = self._connection
        if connection is None:
            return
        tokens = [d.token for d in deliveries if isinstance(d.token, Arrival)]
        for arrival in sorted(tokens, key=lambda arrival: arrival.number):
            if arrival.connection is connection and not arrival.is_acknowledged:
                arrival.is_acknowledged = True
                connection.client.ack(arrival.message.mid, arrival.message.qos)
        connection.wake()

    def close(self) -> None:
        """Disconnect; the broker keeps the session, and what is not acknowledged."""
        self._link.close()

    def _hand_over(self, arrival: Arrival) -> Delivery:
        topic = _topic_of(arrival.message)
        if not self._is_wanted(topic):
            self._unsubscribe(topic)
        return Delivery(topic=topic, payload=bytes(arrival.message.payload), token=arrival)

    def _is_wanted(self, topic: str) -> bool:
        """Whether the present configuration names the topic; most often by itself."""
        return topic in self._topics or any(
            paho.topic_matches_sub(wanted, topic) for wanted in self._topics
        )

    def _unsubscribe(self, topic: str) -> None:
        connection, unsubscribed = self._connection, self._unsubscribed
        if connection is None or topic in unsubscribed:
            return
        if len(unsubscribed) < MAX_UNSUBSCRIBED_TOPICS:
            unsubscribed.add(topic)
            connection.client.unsubscribe(topic)
            connection.wake()

    def _ring(self) -> None:
        if self._wakeup is not None:
            self._wakeup.ring()

    # --- on the link's thread ---------------------------------------------------------

    def prepare(self, client: paho.Client) -> None:
        """Listen for the broker's answer to our subscription."""
        client.on_subscribe = self._handle_subscribe

    def accept(self, connection: Connection) -> None:
        """Start from nothing; what was not acknowledged comes again, in its order."""
        self._room.clear()
        self._unsubscribed = set()
        self._connection = connection

        def take_in(_client: Any, _userdata: Any, message: paho.MQTTMessage) -> None:
            if self._room.put(connection, message):
                self._announce_overflow(message)
            self._ring()

        connection.client.on_message = take_in
        connection.client.subscribe([(topic, 1) for topic in self._topics])

    def has_room(self) -> bool:
        """Whether the service keeps up."""
        return self._room.has_room()

    def _handle_subscribe(
        self, _client: Any, _userdata: Any, _mid: int, reasons: list[ReasonCode], _props: Any
    ) -> None:
        refused = [t for t, r in zip(self._topics, reasons, strict=False) if r.is_failure]
        if not refused:
            self._announcer.announce(TopicsSubscribed(service=self._service, topics=self._topics))
            return
        text = f"the broker refuses the subscription to {', '.join(refused)}"
        if len(refused) == len(self._topics):
            raise BrokerUnavailable(text)
        self._announcer.announce(
            BrokerConnectionFailed(
                service=self._service,
                host=self._address.host,
                port=self._address.port,
                attempt=1,
                reason=text,
            )
        )

    def _announce_overflow(self, message: paho.MQTTMessage) -> None:
        self._announcer.announce(
            MessagesOverflowing(
                service=self._service,
                topic=_topic_of(message),
                waiting_messages=len(self._room),
                refused_messages=self._room.refused_messages,
            )
        )


def _topic_of(message: paho.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError as error:
        return bytes(error.object).decode("utf-8", "backslashreplace")
