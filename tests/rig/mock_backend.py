"""A backend that does as it is told: the standard library alone, so any Python image runs it.

POST /api/events   recorded; answered with the status that was set (201 at first)
GET  /requests     what was recorded, as JSON
PUT  /behaviour    {"status": 503, "retry_after_s": 1, "delay_s": 0, "body": "whole"}

A body may also be "short" of its announced length, "no chunks" or "no gzip" though announced
as such, or come by "drops".
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_lock = threading.Lock()
_requests: list[dict[str, Any]] = []
_behaviour: dict[str, Any] = {"status": 201, "retry_after_s": None, "delay_s": 0, "body": "whole"}
_HEADER_BY_BODY = {
    "short": ("Content-Length", "100"),
    "no chunks": ("Transfer-Encoding", "chunked"),
    "no gzip": ("Content-Encoding", "gzip"),
    "drops": ("Content-Length", "100"),
}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Record an event."""
        body = self._body()
        time.sleep(_behaviour["delay_s"])
        with _lock:
            _requests.append(
                {
                    "path": self.path,
                    "body": json.loads(body),
                    "idempotency_key": self.headers["Idempotency-Key"],
                    "authorization": self.headers["Authorization"],
                    "status": _behaviour["status"],
                }
            )
        if _behaviour["body"] == "whole":
            self._answer(_behaviour["status"], {})
        else:
            self._answer_badly(_behaviour["body"])

    def do_GET(self) -> None:
        """Tell what was recorded."""
        with _lock:
            self._answer(200, list(_requests))

    def do_PUT(self) -> None:
        """Change the behaviour."""
        _behaviour.update(json.loads(self._body()))
        self._answer(200, _behaviour)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer_badly(self, body: str) -> None:
        self.close_connection = True
        self.send_response(_behaviour["status"])
        self.send_header(*_HEADER_BY_BODY[body])
        self.end_headers()
        self.wfile.write(b"garbled")
        try:
            for _ in range(60 if body == "drops" else 0):
                time.sleep(0.1)
                self.wfile.write(b".")
        except OSError:
            pass  # the client has left

    def _answer(self, status: int, document: Any) -> None:
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if _behaviour["retry_after_s"] is not None:
            self.send_header("Retry-After", str(_behaviour["retry_after_s"]))
        self.end_headers()
        self.wfile.write(text)


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
