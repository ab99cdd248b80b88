"""The queue between the network loop and the service."""

import threading
from collections import deque

import paho.mqtt.client as paho
from attrs import define, field

MAX_QOS_0_WAITING = 1000
MAX_WAITING_MESSAGES = 4000
MAX_WAITING_BYTES = 16 * 1024 * 1024


@define(eq=False)
class Arrival:
    """A message as it came, the `number`-th since the start, on `connection`."""

    connection: object
    message: paho.MQTTMessage
    number: int
    is_acknowledged: bool = False


@define(eq=False)
class WaitingRoom:
    """Messages of one connection, in the broker's order. Safe from any thread.

    QoS 0 messages are refused while `MAX_QOS_0_WAITING` wait; the broker does not expect
    an answer for those. QoS 1 messages are never refused: at `MAX_WAITING_MESSAGES` or
    `MAX_WAITING_BYTES` the loop stops reading, and the rest stays with the broker.
    """

    refused_messages: int = field(default=0, init=False)
    _arrivals: deque[Arrival] = field(factory=deque, init=False)
    _waiting_bytes: int = field(default=0, init=False)
    _numbered: int = field(default=0, init=False)
    _is_overflowing: bool = field(default=False, init=False)
    _changed: threading.Condition = field(factory=threading.Condition, init=False)

    def clear(self) -> None:
        """Forget what an earlier connection brought: it comes again, or it was QoS 0."""
        with self._changed:
            self._arrivals.clear()
            self._waiting_bytes = 0

    def put(self, connection: object, message: paho.MQTTMessage) -> bool:
        """Add a message, or refuse it. True when a refusal is to be told.

        That is the first one since the room was empty.
        """
        with self._changed:
            if message.qos == 0 and len(self._arrivals) >= MAX_QOS_0_WAITING:
                self.refused_messages += 1
                was_told, self._is_overflowing = self._is_overflowing, True
                return not was_told
            self._numbered += 1
            self._arrivals.append(Arrival(connection, message, self._numbered))
            self._waiting_bytes += len(message.payload)
            self._changed.notify()
            return False

    def has_room(self) -> bool:
        """Whether more may be read."""
        return (
            len(self._arrivals) < MAX_WAITING_MESSAGES and self._waiting_bytes < MAX_WAITING_BYTES
        )

    def take(self, timeout_s: float, limit: int) -> tuple[list[Arrival], int]:
        """Wait for a message, then take at most `limit`; with how many are left."""
        with self._changed:
            if not self._arrivals:
                self._is_overflowing = False
                if timeout_s > 0:
                    self._changed.wait_for(lambda: self._arrivals, timeout_s)
            count = min(limit, len(self._arrivals))
            taken = [self._arrivals.popleft() for _ in range(count)]
            self._waiting_bytes -= sum(len(arrival.message.payload) for arrival in taken)
            return taken, len(self._arrivals)

    def __len__(self) -> int:
        return len(self._arrivals)
