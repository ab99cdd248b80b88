"""The transport adapter of requests, with the socket of its one connection in hand.

requests knows time-outs between two bytes only. With the socket, an answer that drips can
be given the rest of its time, and a request without end can be cut from another thread.

All requests go one way, so what requests finds out for each of them is found once, and
headers and body go out as one: a third less of the processor for a POST.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.response import BaseHTTPResponse

from surveil_adapters.http.route import Route


class Line(HTTPAdapter):
    """One connection at a time, by one route. Used by one thread; `cut` and `close` from any."""

    def __init__(self) -> None:
        self._sock: socket.socket | None = None
        self._pool: Any = None
        self._targets: dict[str, str] = {}
        super().__init__(pool_connections=1, pool_maxsize=1)

    def answer_to(
        self, request: requests.PreparedRequest, timeout_s: tuple[float, float], route: Route
    ) -> BaseHTTPResponse:
        """Send a request, and give urllib3's own answer, whose body is still to be read.

        The time-outs are those of connecting and of a silence. Raises as requests does.
        """
        answer = self.send(
            request, stream=True, timeout=timeout_s, verify=route.verify, proxies=route.proxies
        )
        return cast(BaseHTTPResponse, answer)

    def set_timeout(self, timeout_s: float) -> None:
        """Let the next read of an answer's body wait so long; each request sets its own."""
        if self._sock is not None:
            with suppress(OSError):  # it is closed: what was read before can still be had
                self._sock.settimeout(timeout_s)

    def close(self) -> None:
        """Forget the connection. One that is in use, or was cut, ends when it is collected."""
        self._pool = None
        super().close()

    def drop(self) -> None:
        """Close the connection at once."""
        self.close()
        if self._sock is not None:
            self._sock.close()

    def cut(self) -> None:
        """End the connection: whoever waits for it fails at once."""
        if self._sock is not None:
            with suppress(OSError):  # it has ended by itself
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    # --- called by requests -----------------------------------------------------------

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: Any = None,
    ) -> Any:
        """Find the pool as requests does, once, and have its connections tell their sockets."""
        pool: Any = self._pool  # which `close` may take away meanwhile
        if pool is None:
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            pool.ConnectionCls = self._telling(pool.ConnectionCls)
            self._pool = pool
        return pool

    def request_url(
        self, request: requests.PreparedRequest, proxies: Mapping[str, str] | None
    ) -> str:
        """Say what the request line asks for, as requests does, once for each URL."""
        url = str(request.url)
        if url not in self._targets:
            self._targets[url] = super().request_url(request, proxies)
        return self._targets[url]

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> Any:
        """Leave the answer as it is: what requests would add, nobody here asks for."""
        return resp

    def _telling(self, base: Any) -> Any:
        line = self

        class Telling(base):  # type: ignore[misc]
            _parts: list[bytes] | None = None

            def _new_conn(self) -> socket.socket:
                line._sock = sock = super()._new_conn()
                return sock  # type: ignore[no-any-return]

            def connect(self) -> None:
                super().connect()
                line._sock = getattr(self.sock, "socket", self.sock)  # the inner of TLS in TLS

            def request(self, *args: Any, **kwargs: Any) -> None:
                """Send headers and body as one: apart, each would wake the backend."""
                parts = self._parts = []
                try:
                    super().request(*args, **kwargs)
                finally:
                    self._parts = None
                super().send(b"".join(parts))

            def send(self, data: bytes) -> None:
                if self._parts is None:
                    super().send(data)
                else:
                    self._parts.append(data)

        return Telling
