"""The faulty backend as a process, and a client to steer it."""

import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import requests
from attrs import frozen

from tests.waiting import wait_for

SERVERS_PORTS = range(12_000, 30_000)
"""Below those that Linux gives to outgoing connections (32,768 and up)."""

SCRIPT = Path(__file__).with_name("faulty_backend.py")


def lasting_port() -> int:
    """Find a port that will be free again when its server comes back."""
    while True:
        port = secrets.choice(SERVERS_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@frozen
class FaultyBackend:
    """A running faulty backend."""

    control_port: int
    event_port: int

    @property
    def events_url(self) -> str:
        """Where a bridge posts."""
        return f"http://127.0.0.1:{self.event_port}/api/events"

    def behave(self, **behaviour: Any) -> None:
        """Fall ill, or recover where nothing is named: the words are those of `Behaviour`."""
        url = f"http://127.0.0.1:{self.control_port}/behaviour"
        requests.put(url, json=behaviour, timeout=20).raise_for_status()

    def counts(self) -> dict[str, int]:
        """Count what it has seen."""
        counts: dict[str, int] = self._get("counts")
        return counts

    def state(self) -> dict[str, Any]:
        """Tell all it has seen: the words are those of `Memory`."""
        state: dict[str, Any] = self._get("state")
        return state

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            self.counts()
        except requests.RequestException:
            return False
        return True

    def _get(self, path: str) -> Any:
        return requests.get(f"http://127.0.0.1:{self.control_port}/{path}", timeout=20).json()


@contextmanager
def faulty_backend() -> Iterator[FaultyBackend]:
    """Run it."""
    backend = FaultyBackend(lasting_port(), lasting_port())
    ports = [str(backend.control_port), str(backend.event_port)]
    process = subprocess.Popen([sys.executable, str(SCRIPT), *ports])
    try:
        wait_for("the faulty backend answers", backend.is_up, within_s=30)
        yield backend
    finally:
        process.kill()
        process.wait()
