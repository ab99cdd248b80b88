"""An HTTP backend that stores at once, notes what it stored, and misbehaves on command.

    python -m bench.delivery.backend HTTP_PORT CONTROL_PORT

It recognises repeats by (device id, event id), answers them 200 and counts them. On the
control port it takes a JSON object a line and answers with one (see `control.py`). All
times are CLOCK_MONOTONIC, which the processes of one machine share.
"""

import asyncio
import json
import resource
import sys
import time
from typing import Any

from attrs import define, field

from bench.delivery.http import Connection
from bench.delivery.mode import BULK_HEADER, BULK_MAX_EVENTS, BULK_PATH, Mode, Record

_LINE_LIMIT_BYTES = 1 << 16
_WAITING_CONNECTIONS = 4096


@define
class Backend:
    """What was stored, and how the next request is treated."""

    port: int
    mode: Mode = field(factory=Mode)
    records: list[Record] = field(factory=list)
    requests: int = 0
    _known: set[tuple[str, str]] = field(factory=set)
    _server: asyncio.Server | None = None

    def store(self, event: dict[str, Any], arrived_s: float) -> bool:
        """Note an event, in the form of the spec's body or of its message; True if new."""
        details = event.get("details", event)
        key = (event["device_id"], details["event_id"])
        is_new = key not in self._known
        self._known.add(key)
        self.records.append((arrived_s, *key, details["data"]["sent_s"], is_new))
        return is_new

    @property
    def distinct(self) -> int:
        """How many different events are stored."""
        return len(self._known)

    def forget(self) -> None:
        """Begin anew."""
        self.records, self._known, self.requests = [], set(), 0

    async def set_mode(self, mode: Mode) -> None:
        """Treat requests as `mode` says from now on; "refuse" also cuts open connections."""
        self.mode = mode
        if mode.kind == "refuse":
            self.close()
        elif self._server is None:
            await self.listen()

    async def listen(self) -> None:
        """Accept connections."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _EventConnection(self), "127.0.0.1", self.port, backlog=_WAITING_CONNECTIONS
        )

    def close(self) -> None:
        """Accept none, and cut those there are, as the death of a process would."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(Connection.open):
            connection.transport.abort()


class _EventConnection(Connection):
    """Answers the POSTs of a bridge."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self._backend = backend

    def answer(self, path: str, body: bytes) -> None:
        """Do what the mode says."""
        backend, mode = self._backend, self._backend.mode
        arrived_s = time.monotonic()
        backend.requests += 1
        if mode.kind == "hang":
            return
        if mode.kind == "status":
            retry = f"Retry-After: {mode.retry_after_s}\r\n" if mode.retry_after_s else ""
            self._reply_later(mode, mode.status, retry)
            return
        if path == BULK_PATH and not mode.is_bulk_offered:
            self._reply_later(mode, 404, "")
            return
        status, headers, answer = self._store(path, body, arrived_s)
        if mode.kind == "cut":
            self.transport.abort()
            return
        self._reply_later(mode, status, headers, answer)

    def _store(self, path: str, body: bytes, arrived_s: float) -> tuple[int, str, bytes]:
        document = json.loads(body)
        store = self._backend.store
        if path == BULK_PATH:
            events = document["events"]
            if len(events) > BULK_MAX_EVENTS:
                return 400, "", b"{}"
            results = [{"status": 201 if store(event, arrived_s) else 200} for event in events]
            return 200, "", json.dumps({"results": results}).encode()
        headers = BULK_HEADER if self._backend.mode.is_bulk_offered else ""
        return (201 if store(document, arrived_s) else 200), headers, b"{}"

    def _reply_later(self, mode: Mode, status: int, headers: str, body: bytes = b"{}") -> None:
        if mode.delay_s:
            loop = asyncio.get_running_loop()
            loop.call_later(mode.delay_s, self.reply, status, headers, body)
        else:
            self.reply(status, headers, body)


async def _obey(backend: Backend, command: dict[str, Any]) -> dict[str, Any]:
    match command["do"]:
        case "mode":
            await backend.set_mode(Mode(**command["mode"]))
        case "forget":
            backend.forget()
        case "records":
            return {"records": backend.records}
        case "count":
            last_s = backend.records[-1][0] if backend.records else 0.0
            return {
                "requests": backend.requests,
                "stored": backend.distinct,
                "last_s": last_s,
            }
    return {}


async def serve(port: int, control_port: int) -> None:
    """Serve for ever."""
    # some bridges open thousands of connections at once
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    backend = Backend(port)

    async def control(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            answer = await _obey(backend, json.loads(line))
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    await backend.listen()
    server = await asyncio.start_server(control, "127.0.0.1", control_port, limit=_LINE_LIMIT_BYTES)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
