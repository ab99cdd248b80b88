"""The web server: uvicorn in a thread of its own, since the rest of an edge is threaded."""

import errno
import socket
import threading
from types import TracebackType
from typing import Any, Self

import uvicorn
from litestar.types import ASGIApp

from surveil_core.errors import ConfigurationError
from surveil_core.notices import WebReady
from surveil_core.ports.announcer import Announcer

START_WITHIN_S = 30.0
"""Longest start waited for; half a second on a PC, a few on a Pi Zero."""

FINISH_WITHIN_S = 2
"""What requests in hand get to end when we are asked to stop."""


class WebServer:
    """Serves one application. `open` and `close` belong to one thread; opens once.

    Port 0 takes a free one; `port` and `url` say which, after `open`.
    """

    def __init__(
        self, app: ASGIApp, *, host: str, port: int, announcer: Announcer, service: str = "backend"
    ) -> None:
        self._host = host
        self._asked_port = port
        self._announcer = announcer
        self._service = service
        self._server = _SignallingServer(
            uvicorn.Config(
                app,
                # The default implementation rests on what websockets calls deprecated.
                ws="websockets-sansio",
                lifespan="on",
                access_log=False,
                log_config=None,
                timeout_graceful_shutdown=FINISH_WITHIN_S,
                server_header=False,
            )
        )
        self._listener: socket.socket | None = None
        self._port = 0
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Listen, and return when requests are answered.

        Raises `ConfigurationError` when the port or the address cannot be had.
        """
        listener = self._listener = _listen(self._host, self._asked_port)
        self._port = listener.getsockname()[1]
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="web", daemon=True
        )
        self._thread.start()
        if not self._server.settled.wait(START_WITHIN_S) or not self._server.started:
            self.close()
            raise RuntimeError("the web application did not start; the log above says why")
        self._announcer.announce(WebReady(service=self._service, port=self.port, url=self.url))

    def close(self) -> None:
        """Stop listening and end what is in hand, within about 3 s. Closing twice is safe."""
        if self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._thread = None
        if self._listener is not None:
            self._listener.close()

    def is_alive(self) -> bool:
        """Whether requests are still answered."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def port(self) -> int:
        """The port that is listened on; 0 before `open`."""
        return self._port

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the page; after `open`."""
        is_any = self._host in ("0.0.0.0", "::")  # noqa: S104 (read here, not bound)
        name = "localhost" if is_any else self._host
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}"

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _SignallingServer(uvicorn.Server):
    """Says when it listens, or when it has ended without that."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then say so."""
        await super().startup(sockets)
        if self.started:
            self.settled.set()

    def run(self, *args: Any, **kwargs: Any) -> None:
        """Run as uvicorn does, and say that it is over, even when it never started."""
        try:
            super().run(*args, **kwargs)
        finally:
            self.settled.set()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigurationError(_not_listening(host, port, error)) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ConfigurationError(_not_listening(host, port, error)) from error
    return listener


def _not_listening(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            hint = "another program uses it: stop that program, or choose another web.port"
        case errno.EACCES:
            hint = "ports below 1024 need rights: choose a web.port from 1024 to 65535"
        case _:
            hint = f"{error.strerror or error}: check web.host and web.port"
    return f"cannot listen on port {port} of {host!r}: {hint}"
