"""In the guest: the whole edge on its ext4 disk, with a broker, a cloud, and a busy hand.

    python -m tests.hil.campaigns.under_load --boot N [--finish]

Runs until the power goes. With `--finish` nobody presses any more: it waits until nothing is
left to be done, and ends in good order.
"""

import argparse
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

from tests.hil.campaigns.settings import CONFIGURATION, ROUND
from tests.hil.campaigns.traces import Traces
from tests.hil.lines import GpioSimLines
from tests.hil.rig.guest import DISK_AT, SHARE_AT
from tests.rig.brokers import NativeBroker

BROKER_PORT = 18830
HEARTBEAT_S = 0.1
START_WITHIN_S = 240.0
DRAINED_WITHIN_S = 300.0
CALM_S = 10.0
"""So long nothing has happened: then nothing is left to be done."""


def main() -> int:
    """Run the load of one boot."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--boot", type=int, required=True)
    parser.add_argument("--finish", action="store_true")
    options = parser.parse_args()
    traces = Traces(SHARE_AT)
    lines = GpioSimLines()
    threading.Thread(target=_beat, args=(traces.heartbeat,), daemon=True).start()
    (DISK_AT / "broker").mkdir(exist_ok=True)
    broker = NativeBroker(DISK_AT / "broker", port=BROKER_PORT)
    broker.start()
    with _cloud(traces.cloud) as port, _edge(traces.log(options.boot), port) as edge:
        _await_ready(traces, options.boot, edge)
        traces.under_load(options.boot).touch()
        if options.finish:
            _await_calm(traces, options.boot, edge)
            edge.terminate()
            edge.wait(60)
        else:
            _press_for_ever(lines, traces.presses(options.boot), edge)
    broker.stop()
    os.sync()
    return edge.returncode


def _beat(file: Path) -> None:
    """Write the time over and over."""
    with file.open("wb", buffering=0) as stream:
        while True:
            os.pwrite(stream.fileno(), datetime.now(UTC).isoformat().encode().ljust(40), 0)
            time.sleep(HEARTBEAT_S)


@contextmanager
def _edge(log: Path, cloud_port: int) -> Iterator[subprocess.Popen[bytes]]:
    configuration = DISK_AT / "edge.toml"
    configuration.write_text(
        CONFIGURATION.format(
            data_dir=DISK_AT / "data", broker_port=BROKER_PORT, cloud_port=cloud_port
        ),
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "apps.edge", "--config", str(configuration), "run"]
    environment = dict(os.environ, SURVEIL_LOG__FORMAT="json", PYTHONUNBUFFERED="1")
    with log.open("ab") as stream:
        edge = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
    try:
        yield edge
    finally:
        edge.kill()
        edge.wait()


def _await_ready(traces: Traces, boot: int, edge: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + START_WITHIN_S
    while len(traces.notices(boot, "sensor_ready")) < 3 or not traces.notices(boot, "camera_ready"):
        if edge.poll() is not None or time.monotonic() > deadline_s:
            raise SystemExit(f"the edge is not ready (status {edge.poll()}); see edge-{boot}.log")
        time.sleep(0.25)


def _press_for_ever(lines: GpioSimLines, told: Path, edge: subprocess.Popen[bytes]) -> None:
    """Press by the score of `ROUND`, as long as the edge lives."""
    rest = {pin: high for _, pin, high in ROUND}
    for pin, high in rest.items():
        lines.drive(pin, high=high)
    with told.open("a", buffering=1) as stream:
        while edge.poll() is None:
            for pause_s, pin, is_high_at_rest in ROUND:
                lines.drive(pin, high=not is_high_at_rest)
                lines.drive(pin, high=is_high_at_rest)
                stream.write(f"{time.monotonic():.3f} {pin}\n")
                time.sleep(pause_s)


def _await_calm(traces: Traces, boot: int, edge: subprocess.Popen[bytes]) -> None:
    """Wait until the edge has been silent for a while."""
    deadline_s = time.monotonic() + DRAINED_WITHIN_S
    size, changed_s = -1, time.monotonic()
    while time.monotonic() - changed_s < CALM_S and time.monotonic() < deadline_s:
        if edge.poll() is not None:
            raise SystemExit(f"the edge has ended; see edge-{boot}.log")
        if (now := traces.log(boot).stat().st_size) != size:
            size, changed_s = now, time.monotonic()
        time.sleep(0.5)


@contextmanager
def _cloud(file: Path) -> Iterator[int]:
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
                stream.write(json.dumps(stored) + "\n")
            self.send_response(201 if is_new else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()


if __name__ == "__main__":
    sys.exit(main())
