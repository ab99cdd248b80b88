"""The transport adapter of requests, with the socket of its one connection in hand.

requests knows time-outs between two bytes only. With the socket, an answer that drips can
be given the rest of its time, and a request without end can be cut from another thread.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter


class Line(HTTPAdapter):
    """One connection at a time. Used by one thread; `cut` and `close` from any."""

    def __init__(self) -> None:
        self._sock: socket.socket | None = None
        super().__init__(pool_connections=1, pool_maxsize=1)

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: Any = None,
    ) -> Any:
        """Find the pool as requests does, and have its connections tell their sockets."""
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        if "ConnectionCls" not in vars(pool):
            pool.ConnectionCls = self._telling(pool.ConnectionCls)
        return pool

    def set_timeout(self, timeout_s: float) -> None:
        """Let the next read of an answer's body wait so long; each request sets its own."""
        if self._sock is not None:
            with suppress(OSError):  # it is closed: what was read before can still be had
                self._sock.settimeout(timeout_s)

    def drop(self) -> None:
        """Close the idle connection at once; `close` alone leaves that to the collector."""
        self.close()
        if self._sock is not None:
            self._sock.close()

    def cut(self) -> None:
        """End the connection: whoever waits for it fails at once."""
        if self._sock is not None:
            with suppress(OSError):  # it has ended by itself
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def _telling(self, base: Any) -> Any:
        line = self

        class Telling(base):  # type: ignore[misc]
            def connect(self) -> None:
                super().connect()
                line._sock = self.sock

        return Telling
