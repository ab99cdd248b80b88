"""Both directions of MQTT at QoS 1."""

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
    """Sends messages. Called from one thread."""

    def open(self) -> None:
        """Start connecting, for ever and in the background; does not wait."""

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hand a message over; it is kept and sent again until the broker's PUBACK.

        True if it went out on a live connection, False if it is kept for the next one.
        Raises `BrokerUnavailable` when no more can be kept.
        """

    def close(self) -> None:
        """Give what is unsent a short while, then disconnect. Closing twice is safe."""


class Inbox(Protocol):
    """Receives messages in a persistent session. Called from one thread.

    The broker keeps what is sent at QoS 1; of QoS 0, what outruns the caller may be refused.
    """

    def open(self) -> None:
        """Start connecting and subscribing, for ever and in the background."""

    def receive(self, timeout_s: float) -> Delivery | None:
        """Wait for a message, in the broker's order. None after `timeout_s`."""

    def acknowledge(self, delivery: Delivery) -> None:
        """Send the PUBACK: the message is ours now.

        No error when disconnected, since the broker then delivers it again.
        """

    def close(self) -> None:
        """Disconnect; what is unacknowledged stays with the broker. Twice is safe."""
