"""How many POSTs a second the measurement's own backend takes: it must never be the bottleneck."""

import socket
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from bench.delivery.control import running_backend
from bench.delivery.load import message

_CONNECTIONS = 8


def backend_posts_per_s(count: int = 20_000) -> float:
    """POST prepared bytes over a few connections, and count. The client costs time too."""
    with (
        TemporaryDirectory(prefix="bench-capacity-") as name,
        running_backend(Path(name)) as backend,
    ):
        address = urlsplit(backend.url)
        links = [
            socket.create_connection(("127.0.0.1", address.port or 80)) for _ in range(_CONNECTIONS)
        ]
        requests = [_request(address.path, number) for number in range(count)]
        began_s = time.monotonic()
        for first in range(0, count, _CONNECTIONS):
            for link, request in zip(links, requests[first:], strict=False):
                link.sendall(request)
            for link in links[: count - first]:
                link.recv(4096)
        took_s = time.monotonic() - began_s
        stored = backend.count().stored
        for link in links:
            link.close()
    assert stored == count, f"the backend stored {stored} of {count}"
    return count / took_s


def _request(path: str, number: int) -> bytes:
    body = message(number, "device-0")
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
