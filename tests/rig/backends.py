"""The mock backend, as a process or in a container, and a client to steer it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from attrs import frozen

from tests.rig.brokers import Address, free_port
from tests.waiting import wait_for

SCRIPT = Path(__file__).with_name("mock_backend.py")
IMAGE = "python:3.11-slim"


@frozen
class MockBackend:
    """A running mock backend."""

    address: Address

    @property
    def base_url(self) -> str:
        """Its root."""
        return f"http://{self.address.host}:{self.address.port}"

    @property
    def events_url(self) -> str:
        """Where the bridge posts."""
        return f"{self.base_url}/api/events"

    def requests(self) -> list[dict[str, Any]]:
        """What it was sent so far."""
        recorded: list[dict[str, Any]] = requests.get(f"{self.base_url}/requests", timeout=5).json()
        return recorded

    def behave(self, **behaviour: Any) -> None:
        """Change how it answers: the keywords are those of `mock_backend`."""
        requests.put(f"{self.base_url}/behaviour", json=behaviour, timeout=5).raise_for_status()

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            self.requests()
        except requests.RequestException:
            return False
        return True


@contextmanager
def native_backend() -> Iterator[MockBackend]:
    """Run it as a process of this machine."""
    backend = MockBackend(Address("127.0.0.1", free_port()))
    command = [sys.executable, str(SCRIPT), "127.0.0.1", str(backend.address.port)]
    process = subprocess.Popen(command)
    try:
        wait_for("the mock backend answers", backend.is_up)
        yield backend
    finally:
        process.kill()
        process.wait()


@contextmanager
def docker_backend() -> Iterator[MockBackend]:
    """Run it in a container, by testcontainers."""
    from testcontainers.core.container import DockerContainer

    container = (
        DockerContainer(IMAGE)
        .with_volume_mapping(str(SCRIPT.parent), "/mock", "ro")
        .with_command("python3 /mock/mock_backend.py 0.0.0.0 8000")
    )
    container.ports = {8000: ("127.0.0.1", None)}
    with container:
        backend = MockBackend(Address("127.0.0.1", int(container.get_exposed_port(8000))))
        wait_for("the mock backend answers in its container", backend.is_up, within_s=30)
        yield backend
