"""Both directions of MQTT without a broker."""

from collections import deque

from attrs import define, field

from surveil_core.errors import BrokerUnavailable
from surveil_core.ports.broker import Delivery


@define
class FakePublisher:
    """Implements `Publisher`. `published` holds topics and payloads, oldest first.

    The next `failures` publications raise `BrokerUnavailable`, as a full queue does.
    While not `connected`, messages are kept for later.
    """

    connected: bool = True
    failures: int = 0
    published: list[tuple[str, bytes]] = field(factory=list, init=False)

    def open(self) -> None:
        """Nothing to connect."""

    def publish(self, topic: str, payload: bytes) -> bool:
        """Keep a message, or refuse it."""
        if not topic or "#" in topic or "+" in topic:
            raise ValueError(f"topic is {topic!r}, expected one without wildcards")
        if self.failures:
            self.failures -= 1
            raise BrokerUnavailable(f"{topic}: no more messages are kept")
        self.published.append((topic, payload))
        return self.connected

    def close(self) -> None:
        """Nothing to disconnect."""


@define
class FakeInbox:
    """Implements `Inbox` with a session that lasts.

    Tests `put` messages. `acknowledged` holds the payloads that were, in that order.
    """

    acknowledged: list[bytes] = field(factory=list, init=False)
    _waiting: deque[Delivery] = field(factory=deque, init=False)
    _in_hand: list[Delivery] = field(factory=list, init=False)
    _numbered: int = field(default=0, init=False)

    def put(self, topic: str, payload: bytes) -> None:
        """Let the broker have a message for us."""
        self._numbered += 1
        self._waiting.append(Delivery(topic=topic, payload=payload, token=self._numbered))

    def open(self) -> None:
        """Connect, or connect again: what is unacknowledged comes again, in its order."""
        self._waiting.extendleft(reversed(self._in_hand))
        self._in_hand.clear()

    def receive(self, timeout_s: float) -> Delivery | None:
        """Hand over the oldest message."""
        if timeout_s < 0:
            raise ValueError(f"timeout_s is {timeout_s}, expected 0 or more")
        if not self._waiting:
            return None
        self._in_hand.append(self._waiting.popleft())
        return self._in_hand[-1]

    def acknowledge(self, delivery: Delivery) -> None:
        """Take a message off the broker; only one that is in hand, and only once."""
        if delivery not in self._in_hand:
            raise ValueError(f"{delivery!r} is not in hand, expected one that was received")
        self._in_hand.remove(delivery)
        self.acknowledged.append(delivery.payload)

    def close(self) -> None:
        """Nothing to disconnect."""
