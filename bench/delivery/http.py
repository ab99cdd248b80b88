"""Just enough HTTP/1.1 for a backend that is never the bottleneck.

One request at a time on a connection that stays open, bodies with a Content-Length. What
every request must do is `Protocol.answer`'s business; here are only bytes.
"""

import asyncio
import re
from typing import ClassVar

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
REASONS = {
    200: "OK",
    201: "Created",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    411: "Length Required",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


class Connection(asyncio.Protocol):
    """Cuts what comes into requests. Subclasses say what to `answer`."""

    open: ClassVar[set["Connection"]] = set()
    """All connections of this process, so that they can be cut."""

    def __init__(self) -> None:
        self._buffer = b""
        self._closes = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the connection (asyncio calls this)."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        Connection.open.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget the connection (asyncio calls this)."""
        Connection.open.discard(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes, answering each request that is complete (asyncio calls this)."""
        self._buffer = self._buffer + data if self._buffer else data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            found = _LENGTH.search(head)
            if found is None and head.startswith(b"POST"):
                self._closes = True
                self.reply(411)
                return
            size = end + 4 + (int(found[1]) if found else 0)
            if len(self._buffer) < size:
                return
            body, self._buffer = self._buffer[end + 4 : size], self._buffer[size:]
            self._closes = _CLOSE.search(head) is not None
            self.answer(head.split(b" ", 2)[1].decode(), body)

    def answer(self, path: str, body: bytes) -> None:
        """Handle one request; call `reply` now or later, or never."""
        raise NotImplementedError

    def reply(self, status: int, headers: str = "", body: bytes = b"{}") -> None:
        """Write an answer, unless the client has gone."""
        if self.transport.is_closing():
            return
        closing = "Connection: close\r\n" if self._closes else ""
        head = (
            f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n{closing}{headers}\r\n"
        )
        self.transport.write(head.encode() + body)
        if self._closes:
            self.transport.close()
