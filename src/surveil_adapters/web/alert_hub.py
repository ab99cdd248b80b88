"""Alerts from any thread to every browser, over Socket.IO (spec, section 5).

Socket.IO is at-most-once: a browser that was away asks `GET /api/events?after=` for what
it missed. Only the server's loop touches the clients; `emit` hands over to that loop.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any

import socketio
from litestar.types import ASGIApp

from surveil_core.messages import BrowserAlert, build_browser_alert
from surveil_core.notices import AlertEmitted, BrowserConnected
from surveil_core.ports.announcer import Announcer
from surveil_core.strict_json import MAX_MESSAGE_BYTES


class AlertHub:
    """The port `AlertSink` by python-socketio. Belongs to one application, runs once."""

    def __init__(self, *, announcer: Announcer, service: str = "backend") -> None:
        self._announcer = announcer
        self._service = service
        self._clients: set[str] = set()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        # No `cors_allowed_origins`: Engine.IO then takes browsers of the same origin alone.
        self._server = socketio.AsyncServer(
            async_mode="asgi", max_http_buffer_size=MAX_MESSAGE_BYTES
        )
        self._server.on("connect", self._on_connect)
        self._server.on("disconnect", self._on_disconnect)

    def emit(self, alert: BrowserAlert) -> None:
        """Send `alert` to all browsers. From any thread; does not wait for them.

        While the server is not running nobody can watch, and the notice says 0 clients.
        """
        with self._lock:
            if self._loop is not None:
                sending = asyncio.run_coroutine_threadsafe(self._send(alert), self._loop)
                sending.add_done_callback(_reveal_failure)
                return
        self._announce_emitted(alert)

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """Answer `/socket.io` in front of `app`."""
        wrapped: ASGIApp = socketio.ASGIApp(self._server, other_asgi_app=app)
        return wrapped

    @asynccontextmanager
    async def running(self, _: object) -> AsyncIterator[None]:
        """Take alerts while the application lives; entered in the server's loop."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            with self._lock:
                self._loop = None
            await self._server.shutdown()

    async def _send(self, alert: BrowserAlert) -> None:
        await self._server.emit(alert.type.value, build_browser_alert(alert))
        self._announce_emitted(alert)

    def _announce_emitted(self, alert: BrowserAlert) -> None:
        self._announcer.announce(
            AlertEmitted(service=self._service, alert_type=alert.type, clients=len(self._clients))
        )

    async def _on_connect(self, client: str, _: dict[str, Any]) -> None:
        self._clients.add(client)
        self._announcer.announce(BrowserConnected(service=self._service, client=client))

    async def _on_disconnect(self, client: str, _: str) -> None:
        self._clients.discard(client)


def _reveal_failure(sending: Future[None]) -> None:
    """Raise what went wrong in the loop, which logs it, instead of forgetting it."""
    if not sending.cancelled():
        sending.result()
