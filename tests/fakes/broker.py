"""Both directions of MQTT without a broker."""

from collections import deque
from collections.abc import Sequence

from attrs import define, field

from surveil_core.ports.broker import Delivery
from surveil_core.ports.wakeup import Wakeup


@define
class FakePublisher:
    """Implements `Publisher`. `published` holds topics and payloads, oldest first.

    Connected from its opening, or when a test says `connect`, until it says `lose`. Each
    message is acknowledged at once, or, with `holds_pubacks`, when a test says so. The broker
    `remembers` the sessions of the connections that are told from then on.
    """

    wakeup: Wakeup | None = None
    holds_pubacks: bool = False
    is_connected: bool = True
    remembers: bool = False
    published: list[tuple[str, bytes]] = field(factory=list, init=False)
    _number: int = field(default=1, init=False)
    _told: int | None = field(default=None, init=False)
    _is_remembered: bool = field(default=False, init=False)
    _in_flight: deque[int] = field(factory=deque, init=False)
    _acknowledged: list[int] = field(factory=list, init=False)

    def open(self) -> None:
        """Nothing to connect."""

    def connect(self) -> None:
        """Let there be a new connection."""
        self._number += 1
        self.is_connected = True
        self._ring()

    def lose(self) -> None:
        """End the connection; what was out is forgotten."""
        self.is_connected = False
        self._in_flight.clear()

    def acknowledge(self, count: int) -> None:
        """Let the broker acknowledge the oldest `count` messages."""
        for _ in range(count):
            self._acknowledged.append(self._in_flight.popleft())
            self._ring()

    def connection(self) -> int | None:
        """Number the connection; PUBACKs of earlier ones are forgotten."""
        if not self.is_connected:
            return None
        if self._told != self._number:
            self._told, self._is_remembered = self._number, self.remembers
            self._acknowledged.clear()
        return self._number

    def is_remembered(self) -> bool:
        """Say what `remembers` was when the connection was told first."""
        return self._is_remembered

    def publish(self, topic: str, payload: bytes, *, record_id: int) -> bool:
        """Keep a message, if the connection that was told last lives."""
        if not self.is_connected or self._told != self._number:
            return False
        if not topic or "#" in topic or "+" in topic:
            raise ValueError(f"topic is {topic!r}, expected one without wildcards")
        self.published.append((topic, payload))
        self._in_flight.append(record_id)
        if not self.holds_pubacks:
            self.acknowledge(1)
        return True

    def take_acknowledged(self) -> Sequence[int]:
        """Hand over the acknowledged record ids, once."""
        taken, self._acknowledged = self._acknowledged, []
        return taken

    def close(self) -> None:
        """End the connection."""
        self.lose()

    def _ring(self) -> None:
        if self.wakeup is not None:
            self.wakeup.ring()


@define
class FakeInbox:
    """Implements `Inbox` with a session that lasts.

    Tests `put` messages. `acknowledged` holds the payloads that were, in that order.
    """

    wakeup: Wakeup | None = None
    acknowledged: list[bytes] = field(factory=list, init=False)
    _waiting: deque[Delivery] = field(factory=deque, init=False)
    _in_hand: list[Delivery] = field(factory=list, init=False)
    _numbered: int = field(default=0, init=False)

    def put(self, topic: str, payload: bytes) -> None:
        """Let the broker have a message for us."""
        self._waiting.append(self._new_delivery(topic, payload))
        self._ring()

    def open(self) -> None:
        """Connect, or connect again: what is unacknowledged comes again, in its order."""
        again = [self._new_delivery(d.topic, d.payload) for d in self._in_hand]
        self._waiting.extendleft(reversed(again))
        self._in_hand.clear()
        if self._waiting:
            self._ring()

    def receive(self, timeout_s: float, *, limit: int) -> Sequence[Delivery]:
        """Hand over the oldest messages."""
        if timeout_s < 0 or limit < 1:
            raise ValueError(f"timeout_s, limit are {timeout_s}, {limit}, expected 0, 1 or more")
        taken = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        self._in_hand += taken
        if self._waiting:
            self._ring()
        return taken

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Take messages off the broker, in the order of arrival; stale ones stay."""
        tokens = [delivery.token for delivery in deliveries]
        taken = [held for held in self._in_hand if held.token in tokens]
        self._in_hand = [held for held in self._in_hand if held not in taken]
        self.acknowledged += [delivery.payload for delivery in taken]

    def close(self) -> None:
        """Nothing to disconnect."""

    def _new_delivery(self, topic: str, payload: bytes) -> Delivery:
        self._numbered += 1
        return Delivery(topic=topic, payload=payload, token=self._numbered)

    def _ring(self) -> None:
        if self.wakeup is not None:
            self.wakeup.ring()
