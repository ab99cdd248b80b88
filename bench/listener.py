"""A Socket.IO client that notes when each event reached its handler."""

import time
from typing import Any

import socketio
from attrs import define, field

from tests.waiting import wait_for

ARRIVES_WITHIN_S = 20.0


@define
class Listener:
    """Connects over WebSocket; a context manager. Handlers run on threads of the client."""

    url: str
    received_at_s: dict[str, float] = field(factory=dict, init=False)
    """Unix time by event id, the first time it came."""
    _client: Any = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._client = socketio.Client(reconnection=False)
        self._client.on("*", self._receive)

    def __enter__(self) -> "Listener":
        self._client.connect(self.url, transports=["websocket"])
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()

    def wait_for_count(self, count: int) -> None:
        """Wait until `count` events have come. Raises `AssertionError` if they do not."""
        wait_for(
            f"{count} events at the Socket.IO client of {self.url}",
            lambda: len(self.received_at_s) >= count,
            within_s=ARRIVES_WITHIN_S,
        )

    def _receive(self, _name: str, payload: dict[str, Any]) -> None:
        now_s = time.time()
        self.received_at_s.setdefault(payload["details"]["event_id"], now_s)
