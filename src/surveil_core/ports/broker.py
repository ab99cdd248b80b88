"""Both directions of MQTT at QoS 1."""

from collections.abc import Sequence
from typing import Protocol

from attrs import field, frozen


@frozen(kw_only=True)
class Delivery:
    """A message that the broker hands over again unless it is acknowledged.

    `token` belongs to the adapter.
    """

    topic: str
    payload: bytes = field(repr=False)
    token: object = field(default=None, repr=False)


class Publisher(Protocol):
    """Sends messages and says which arrived. Called from one thread.

    Keeps nothing: what was not acknowledged when a connection ends is for the caller to
    publish again, in the caller's order, on the next one.
    """

    def open(self) -> None:
        """Start connecting, for ever and in the background; does not wait."""

    def is_remembered(self) -> bool:
        """Whether the broker knew our session when the connection told last began.

        It has not lost its state then, nor what it keeps for consumers that are away.
        """

    def connection(self) -> int | None:
        """Number the live connection, from 1 and growing. None while there is none."""

    def publish(self, topic: str, payload: bytes, *, record_id: int) -> bool:
        """Send a message on the connection that `connection` told last.

        False if it is gone, or takes no more for now. So nothing goes out on a new one
        before the caller knows of it.
        """

    def take_acknowledged(self) -> Sequence[int]:
        """Hand over the record ids whose PUBACK came since the last call, oldest first."""

    def close(self) -> None:
        """Give what awaits its PUBACK a short while, then disconnect. Twice is safe."""


class Inbox(Protocol):
    """Receives messages in a persistent session. Called from one thread.

    The broker keeps what is sent at QoS 1; of QoS 0, what outruns the caller may be refused.
    """

    def open(self) -> None:
        """Start connecting and subscribing, for ever and in the background."""

    def receive(self, timeout_s: float, *, limit: int) -> Sequence[Delivery]:
        """Wait for a message, then take what has arrived, in the broker's order.

        At most `limit` of them; none after `timeout_s`. 0 does not wait. Where more wait
        behind them, a `Wakeup` that arrivals ring is rung again.
        """

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Send the PUBACKs: the messages are ours now.

        No error when disconnected, since the broker then delivers them again.
        """

    def close(self) -> None:
        """Disconnect; what is unacknowledged stays with the broker. Twice is safe."""
