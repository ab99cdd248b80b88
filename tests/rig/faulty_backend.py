"""A backend with the ailments of real ones, and a memory of what it stored: a process.

    python faulty_backend.py CONTROL_PORT EVENT_PORT

Events are posted to the event port, once each and in bulk; each is stored once by its key.
On the control port:

GET  /counts      how many are stored, refused, posted
GET  /state       all of it, in its order
PUT  /behaviour   changes to `Behaviour`, as a JSON object

A request falls ill with the chance `chance`, or always if its device is among `devices`
(all devices if that is empty):

status            this instead of 201; 400 is remembered as refused, with its reason
retry_after_s     goes out with it
delay_s           passes before the answer
cut               the connection ends without an answer: "before" storing, or "after"
"""

import json
import random
import select
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REFUSAL = "this backend takes no such event today"


@dataclass
class Behaviour:
    """What ails the backend."""

    is_listening: bool = True
    bulk_limit: int | None = None
    devices: list[str] = field(default_factory=list)
    chance: float = 1.0
    status: int | None = None
    retry_after_s: float | None = None
    delay_s: float = 0.0
    cut: str | None = None
    seed: int | None = None


@dataclass
class Memory:
    """What it has seen. `needless` were sent again after a good answer had reached the bridge."""

    stored: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    needless: list[tuple[str, str]] = field(default_factory=list)
    post_times_s: list[float] = field(default_factory=list)
    posts: int = 0
    bulk_posts: int = 0
    repeats: int = 0
    keys_not_matching: list[str] = field(default_factory=list)


lock = threading.Lock()
behaviour = Behaviour()
memory = Memory()
dice = random.Random(0)
stored_keys: set[tuple[str, str]] = set()
answered_keys: set[tuple[str, str]] = set()


class Events(BaseHTTPRequestHandler):
    """One connection of a bridge."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Take an event, or many."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_bulk = self.path.endswith("/bulk")
        events = body["events"] if is_bulk else [body]
        keys = [(event["device_id"], event["details"]["event_id"]) for event in events]
        with lock:
            self._note_post(keys, is_bulk)
            now = Behaviour(**asdict(behaviour))
            is_ill = dice.random() < now.chance and (
                not now.devices or any(device in now.devices for device, _ in keys)
            )
            now = now if is_ill else Behaviour(bulk_limit=now.bulk_limit)
        self._treat(keys, now, is_bulk)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def _note_post(self, keys: list[tuple[str, str]], is_bulk: bool) -> None:
        memory.posts += 1
        memory.bulk_posts += is_bulk
        memory.post_times_s.append(time.monotonic())
        for key in keys:
            memory.repeats += key in stored_keys
            if key in answered_keys:
                memory.needless.append(key)
        named = self.headers["Idempotency-Key"]
        if not is_bulk and named != "/".join(keys[0]):
            memory.keys_not_matching.append(str(named))

    def _treat(self, keys: list[tuple[str, str]], now: Behaviour, is_bulk: bool) -> None:
        if now.cut == "before":
            self._cut()
            return
        status = now.status or 201
        if is_bulk and (now.bulk_limit is None or len(keys) > now.bulk_limit):
            self._answer(404, {}, now)
            return
        results = [self._settle(key, status) for key in keys]
        time.sleep(now.delay_s)
        if now.cut == "after":
            self._cut()
        elif self._is_left():
            self.close_connection = True
        elif is_bulk:
            whole = status if status >= 500 or status in (401, 429) else 200
            self._answer(whole, {"results": results}, now)
            self._note_answered(keys, whole)
        else:
            self._answer(results[0]["status"], {"reason": results[0]["reason"]}, now)
            self._note_answered(keys, status)

    def _settle(self, key: tuple[str, str], status: int) -> dict[str, Any]:
        with lock:
            if status == 400:
                memory.refused.append(key)
                return {"status": 400, "reason": REFUSAL}
            if status >= 300:
                return {"status": status, "reason": "not now"}
            is_new = key not in stored_keys
            if is_new:
                stored_keys.add(key)
                memory.stored.append(key)
            return {"status": 201 if is_new else 200, "reason": ""}

    def _note_answered(self, keys: list[tuple[str, str]], status: int) -> None:
        if status < 300:
            with lock:
                answered_keys.update(keys)

    def _is_left(self) -> bool:
        """Whether the bridge has given up waiting."""
        if not select.select([self.connection], [], [], 0)[0]:
            return False
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def _answer(self, status: int, document: Any, now: Behaviour) -> None:
        text = json.dumps(document).encode()
        lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json"]
        lines.append(f"Content-Length: {len(text)}")
        if now.retry_after_s is not None:
            lines.append(f"Retry-After: {now.retry_after_s:g}")
        if now.bulk_limit is not None:
            lines.append(f"Surveil-Bulk-Limit: {now.bulk_limit}")
        with suppress(OSError):  # the bridge may have died
            self.wfile.write("\r\n".join(lines).encode() + b"\r\n\r\n" + text)

    def _cut(self) -> None:
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)  # closing sends a reset
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

    def handle(self) -> None:
        """Serve until the bridge, or an ailment, ends the connection."""
        with suppress(OSError, ValueError):
            super().handle()

    def finish(self) -> None:
        """Close the files."""
        with suppress(OSError, ValueError):
            super().finish()


class Server(ThreadingHTTPServer):
    """Forgets no connection, so that it can go away as a dead machine does."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.open_sockets: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, then serve it on its thread."""
        self.open_sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and end it."""
        self.open_sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is what this backend is for."""


class EventPort:
    """The port where events are posted, which can go away and come back."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server: Server | None = None

    def listen(self, is_listening: bool) -> None:
        """Open or close it; closing resets every connection."""
        if is_listening and self._server is None:
            self._server = Server(("127.0.0.1", self._port), Events)
            threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        elif not is_listening and self._server is not None:
            server, self._server = self._server, None
            server.shutdown()
            server.server_close()
            for one in list(server.open_sockets):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


class Control(BaseHTTPRequestHandler):
    """The tests' way in."""

    event_port: EventPort

    def do_GET(self) -> None:
        """Tell what was seen."""
        with lock:
            if self.path == "/state":
                document = asdict(memory)
            else:
                document = {
                    "stored": len(memory.stored),
                    "refused": len(memory.refused),
                    "posts": memory.posts,
                    "bulk_posts": memory.bulk_posts,
                }
        self._answer(document)

    def do_PUT(self) -> None:
        """Change the behaviour: what is not named becomes healthy, but for the bulk limit."""
        changes = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with lock:
            healthy = asdict(Behaviour(bulk_limit=behaviour.bulk_limit))
            vars(behaviour).update(healthy | changes)
            if behaviour.seed is not None:
                dice.seed(behaviour.seed)
        self.event_port.listen(behaviour.is_listening)
        self._answer({})

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def _answer(self, document: Any) -> None:
        text = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


if __name__ == "__main__":
    Control.event_port = EventPort(int(sys.argv[2]))
    Control.event_port.listen(True)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Control).serve_forever()
