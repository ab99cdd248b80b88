"""A backend that does as it is told: the standard library alone, so any Python image runs it.

POST /api/events        recorded; answered with the status that was set (201 at first)
POST /api/events/bulk   each event recorded; answered in bulk where `bulk_limit` is set
GET  /requests          what was recorded, as JSON
PUT  /behaviour         changes to `_behaviour`

`script` is a list of behaviours for one event each, such as `[{"status": 503}]`, before the
common one holds again.

A body may also be "short" of its announced length, "no chunks" or "no gzip" though announced
as such, come by "drops", be "endless", or be "none": the connection is cut instead of an
answer. `delay_s` passes before an event is recorded, `silence_s` between that and the answer.

`closes` ends each connection after its answer without a word; `cuts_reused` ends those that
had an answer when their next request comes, which is not recorded then.
"""

import json
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_lock = threading.Lock()
_requests: list[dict[str, Any]] = []
_behaviour: dict[str, Any] = {
    "status": 201,
    "retry_after_s": None,
    "delay_s": 0,
    "silence_s": 0,
    "body": "whole",
    "text": None,
    "location": None,
    "script": [],
    "bulk_limit": None,
    "bulk_answer": None,
    "closes": False,
    "cuts_reused": False,
}
_HEADER_BY_BODY = {
    "short": ("Content-Length", "100"),
    "no chunks": ("Transfer-Encoding", "chunked"),
    "no gzip": ("Content-Encoding", "gzip"),
    "drops": ("Content-Length", "100"),
    "endless": ("Content-Length", str(10**12)),
}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answered = 0

    def do_POST(self) -> None:
        """Record an event, or many."""
        body = json.loads(self._body())
        if _behaviour["cuts_reused"] and self.answered:
            self.close_connection = True
            return
        self.answered += 1
        if self.path.endswith("/bulk"):
            self._take_bulk(body)
        else:
            self._take_event(body)
        self.close_connection = self.close_connection or _behaviour["closes"]

    def do_GET(self) -> None:
        """Tell what was recorded."""
        with _lock:
            self._answer(200, list(_requests), {})

    def do_PUT(self) -> None:
        """Change the behaviour."""
        with _lock:
            _behaviour.update(json.loads(self._body()))
        self._answer(200, _behaviour, {})

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _take_event(self, body: Any) -> None:
        now = self._record(body)
        if now["body"] == "whole":
            self._answer(now["status"], {} if now["text"] is None else now["text"], now)
        else:
            self._answer_badly(now)

    def _take_bulk(self, body: Any) -> None:
        limit, answer = _behaviour["bulk_limit"], _behaviour["bulk_answer"]
        if limit is None or len(body["events"]) > limit:
            self._answer(404 if limit is None else 413, {}, {})
        elif answer is not None:
            self._answer(answer["status"], answer["document"], _behaviour)
        else:
            taken = [self._record(event) for event in body["events"]]
            bad = next((now for now in taken if now["body"] != "whole"), None)
            if bad is not None:
                self._answer_badly(bad)
            else:
                self._answer(200, {"results": [_result_of(now) for now in taken]}, {})

    def _record(self, body: Any) -> dict[str, Any]:
        with _lock:
            now = _behaviour | (_behaviour["script"].pop(0) if _behaviour["script"] else {})
        time.sleep(now["delay_s"])
        with _lock:
            _requests.append(
                {
                    "path": self.path,
                    "body": body,
                    "idempotency_key": self.headers["Idempotency-Key"],
                    "authorization": self.headers["Authorization"],
                    "status": now["status"],
                    "connection": self.client_address[1],
                }
            )
        time.sleep(now["silence_s"])
        return now

    def _answer_badly(self, now: dict[str, Any]) -> None:
        self.close_connection = True
        if now["body"] == "none":
            return
        self.send_response(now["status"])
        self._send_location(now)
        self.send_header(*_HEADER_BY_BODY[now["body"]])
        self.end_headers()
        with suppress(OSError):  # the client may have left
            self.wfile.write(b"garbled")
            for _ in range(60 if now["body"] == "drops" else 0):
                time.sleep(0.1)
                self.wfile.write(b".")
            while now["body"] == "endless":
                self.wfile.write(b"garbled" * 1000)

    def _answer(self, status: int, document: Any, now: dict[str, Any]) -> None:
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self._send_location(now)
        if now.get("retry_after_s") is not None:
            self.send_header("Retry-After", str(now["retry_after_s"]))
        if _behaviour["bulk_limit"] is not None and self.command == "POST":
            self.send_header("Surveil-Bulk-Limit", str(_behaviour["bulk_limit"]))
        self.end_headers()
        with suppress(OSError):  # the client may have left
            self.wfile.write(text)

    def _send_location(self, now: dict[str, Any]) -> None:
        if now.get("location") is not None:
            self.send_header("Location", now["location"])


def _result_of(now: dict[str, Any]) -> dict[str, Any]:
    return {"status": now["status"], "reason": now["text"] or ""}


class Server(ThreadingHTTPServer):
    """Takes many connections at once."""

    request_queue_size = 128


if __name__ == "__main__":
    Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
