"""In the guest of a campaign: the whole edge on its ext4 disk, a cloud, and waiting for both."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.hil.campaigns.disk import DATA
from tests.hil.campaigns.traces import Traces
from tests.hil.rig.guest import DISK_AT

START_WITHIN_S = 240.0
STOP_WITHIN_S = 60.0
CALM_WITHIN_S = 1200.0
CALM_S = 10.0
"""So long nothing has happened, and no clip waits: then nothing is left to be done."""

_SPOOL = DISK_AT / DATA / "spool"

Process = subprocess.Popen[bytes]


@contextmanager
def edge(log: Path, configuration: str, *, prefix: tuple[str, ...] = ()) -> Iterator[Process]:
    """Run the edge, `prefix` before its command; kill it in the end, unless it has ended."""
    file = DISK_AT / "edge.toml"
    file.write_text(configuration, encoding="utf-8")
    command = [*prefix, sys.executable, "-m", "apps.edge", "--config", str(file), "run"]
    environment = dict(os.environ, SURVEIL_LOG__FORMAT="json", PYTHONUNBUFFERED="1")
    with log.open("ab") as stream:
        process = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def stop(process: Process) -> int:
    """Ask it to end in good order, and say its status."""
    process.terminate()
    return process.wait(STOP_WITHIN_S)


def await_ready(
    traces: Traces, boot: int, process: Process, *, sensors: int = 3, films: bool = True
) -> None:
    """Wait for sensors and subscribers, and for the camera if it `films`. Raises `SystemExit`."""
    deadline_s = time.monotonic() + START_WITHIN_S
    wanted = {"sensor_ready": sensors, "topics_subscribed": 3, "camera_ready": int(films)}
    while any(len(traces.notices(boot, one)) < count for one, count in wanted.items()):
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise SystemExit(f"the edge is not ready ({process.poll()}); see edge-{boot}.log")
        time.sleep(0.25)


def await_calm(traces: Traces, boot: int, process: Process) -> None:
    """Wait until the edge has been silent for a while, with no clip in its spool.

    To make the video of one takes an emulated processor longer than `CALM_S`. Raises `SystemExit`
    if it ends.
    """
    deadline_s = time.monotonic() + CALM_WITHIN_S
    size, changed_s = -1, time.monotonic()
    while time.monotonic() - changed_s < CALM_S:
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise SystemExit(f"the edge never calms ({process.poll()}); see edge-{boot}.log")
        now = traces.log(boot).stat().st_size
        if now != size or any(_SPOOL.glob("recording_*")):
            size, changed_s = now, time.monotonic()
        time.sleep(0.5)


@contextmanager
def cloud(file: Path, host: str = "127.0.0.1") -> Iterator[int]:
    """A backend whose disk is elsewhere: each POST is a line on the host, then answered."""
    known = {tuple(post["key"]) for post in Traces(file.parent).posts()}
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = (body["device_id"], body["details"]["event_id"])
            with lock, file.open("a", encoding="utf-8") as stream:
                is_new = key not in known
                known.add(key)
                stored = {"key": key, "new": is_new, "source": body["details"]["source"]}
                stored["at"] = datetime.now(UTC).isoformat()
                stream.write(json.dumps(stored) + "\n")
            self.send_response(201 if is_new else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer((host, 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
