"""The cloud, as the bridge sees it."""

from typing import Protocol

from surveil_core.delivery import BackendReply


class Backend(Protocol):
    """Takes one event a call. Called from one thread; blocks at most its time-out."""

    url: str

    def send(self, body: bytes, idempotency_key: str) -> BackendReply:
        """`POST` a body and return the answer, whatever its status.

        Raises `BackendUnreachable` when there was none, `ConfigurationError` when the
        URL itself is no good.
        """

    def close(self) -> None:
        """Drop connections. Closing twice is safe."""
