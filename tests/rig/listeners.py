"""A Socket.IO client that collects what it is sent, as a browser would."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

import requests
import socketio

Alerts = Queue[tuple[str, dict[str, Any]]]


@contextmanager
def listening(url: str) -> Iterator[Alerts]:
    """Connect to `url` and yield the queue of (event name, payload)."""
    alerts: Alerts = Queue()
    with requests.Session() as session:
        client = socketio.Client(reconnection=False, http_session=session)
        client.on("*", lambda name, payload: alerts.put((name, payload)))
        client.connect(url, transports=["websocket"])
        try:
            yield alerts
        finally:
            client.disconnect()
            if client.eio.ws is not None:
                # the client forgets its socket when the server closed first
                client.eio.ws.shutdown()
