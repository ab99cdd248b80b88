"""The measured backend's bytes: requests cut out of a stream, whatever its pieces."""

import asyncio

import pytest

from bench.delivery.http import Connection


class _Recorder(Connection):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, bytes]] = []

    def answer(self, path: str, body: bytes) -> None:
        self.seen.append((path, body))


REQUEST = b"POST /api/events HTTP/1.1\r\nHost: x\r\ncontent-length: 2\r\n\r\n{}"


@pytest.mark.parametrize("size", [1, 7, len(REQUEST), 1000])
def test_requests_come_out_whole_whatever_the_pieces(size: int) -> None:
    """Two requests on one connection, in pieces of `size` bytes."""
    connection, stream = _Recorder(), REQUEST * 2
    for first in range(0, len(stream), size):
        connection.data_received(stream[first : first + size])
    assert connection.seen == [("/api/events", b"{}")] * 2


def test_a_post_without_a_length_is_refused() -> None:
    """411, and the connection is closed."""

    async def run() -> bytes:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_Recorder, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()
        return answer

    assert asyncio.run(run()).startswith(b"HTTP/1.1 411 ")
