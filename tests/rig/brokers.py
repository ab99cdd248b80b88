"""A real Mosquitto for tests: the one on the PATH, or `eclipse-mosquitto:2` in a container.

`SURVEIL_TEST_BROKER` is `native`, `docker` or `auto` (docker where an engine answers,
else native). Both listen on 127.0.0.1 only, unless told otherwise.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from tests.waiting import wait_for

IMAGE = "eclipse-mosquitto:2"
CHOICES = ("auto", "docker", "native")


@frozen
class Address:
    """Where a broker is."""

    host: str
    port: int


def choose_broker(environment: Mapping[str, str]) -> str:
    """Say `docker` or `native`. Raises `ValueError` naming the choices."""
    choice = environment.get("SURVEIL_TEST_BROKER", "auto")
    if choice not in CHOICES:
        raise ValueError(f"SURVEIL_TEST_BROKER is {choice!r}, expected one of {CHOICES}")
    if choice == "auto":
        return "docker" if has_docker_engine() else "native"
    return choice


def has_docker_engine() -> bool:
    """Whether a Docker engine answers."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def mosquitto_binary() -> str:
    """Find mosquitto; Debian keeps it where a user's PATH does not look."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise FileNotFoundError("mosquitto is not installed; run: sudo apt-get install mosquitto")
    return found


def free_port() -> int:
    """Take a port that is free on loopback now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def configuration(port: int, folder: str, *, address: str) -> str:
    """Write a broker's settings; persistent sessions survive its restart."""
    return (
        f"listener {port} {address}\nallow_anonymous true\nset_tcp_nodelay true\n"
        f"persistence true\npersistence_location {folder}/\nautosave_interval 15\n"
        "max_queued_messages 100000\nlog_dest stderr\n"
        "log_type notice\nlog_type error\nlog_type warning\n"
        # as root it would become the user mosquitto, who may not write here
        f"{'user root' if os.geteuid() == 0 else ''}\n"
    )


@define
class NativeBroker:
    """Mosquitto as a process of this machine, which can be stopped and started."""

    folder: Path
    port: int = field(factory=free_port)
    host: str = "127.0.0.1"
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address(self.host, self.port)

    def start(self) -> None:
        """Start it and wait until it listens."""
        settings = self.folder / "mosquitto.conf"
        settings.write_text(configuration(self.port, str(self.folder), address=self.host))
        log = (self.folder / "mosquitto.log").open("ab")
        command = [mosquitto_binary(), "-c", str(settings)]
        with log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for("mosquitto listens", lambda: listens(self.address))

    def stop(self) -> None:
        """End it in good order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def kill(self) -> None:
        """End it at once, saving nothing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


def listens(address: Address) -> bool:
    """Whether something accepts connections there."""
    try:
        socket.create_connection((address.host, address.port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def native_broker(folder: Path) -> Iterator[Address]:
    """Run Mosquitto from the PATH."""
    broker = NativeBroker(folder)
    broker.start()
    try:
        yield broker.address
    finally:
        broker.stop()


@contextmanager
def docker_broker(folder: Path) -> Iterator[Address]:
    """Run Mosquitto in a container, by testcontainers."""
    from testcontainers.core.container import DockerContainer

    (folder / "mosquitto.conf").write_text(
        "listener 1883\nallow_anonymous true\nset_tcp_nodelay true\n"
        "max_queued_messages 100000\nlog_dest stderr\n"
    )
    folder.chmod(0o755)
    container = DockerContainer(IMAGE).with_volume_mapping(str(folder), "/mosquitto/config", "ro")
    ports: Any = {1883: ("127.0.0.1", None)}  # docker's form, wider than the declared one
    container.ports = ports
    with container:
        address = Address("127.0.0.1", int(container.get_exposed_port(1883)))
        wait_for("mosquitto answers in its container", lambda: answers(address), within_s=30)
        yield address


def answers(address: Address) -> bool:
    """Whether an MQTT broker accepts a session there: a published port alone proves nothing."""
    try:
        with socket.create_connection((address.host, address.port), 1) as link:
            link.settimeout(1)
            link.sendall(bytes.fromhex("100c00044d5154540402003c0000"))
            return link.recv(4)[:1] == b"\x20"
    except OSError:
        time.sleep(0.1)
        return False
