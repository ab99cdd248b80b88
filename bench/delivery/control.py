"""The measuring side of the backend: start it, command it, ask what it stored."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import attrs
from attrs import define, field, frozen

from bench.delivery.mode import EVENTS_PATH, Mode, Record
from bench.processes import python, start, stop
from tests.rig.brokers import Address, free_port, listens
from tests.waiting import wait_for


@frozen(kw_only=True)
class Count:
    """How far it is: cheap to ask. `last_s` is when an event was stored last, 0 if never."""

    requests: int
    stored: int
    last_s: float


@define
class BackendControl:
    """Commands a running backend."""

    url: str
    pid: int
    _link: socket.socket
    _lines: Any = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._lines = self._link.makefile("rwb")

    def set_mode(self, mode: Mode) -> None:
        """Treat requests as `mode` says from now on."""
        self._ask("mode", mode=attrs.asdict(mode))

    def forget(self) -> None:
        """Forget what was stored."""
        self._ask("forget")

    def count(self) -> Count:
        """Say how many requests came and how many different events are stored."""
        return Count(**self._ask("count"))

    def records(self) -> list[Record]:
        """Tell of every event that was stored, repeats included, in order of arrival."""
        return [tuple(record) for record in self._ask("records")["records"]]

    def close(self) -> None:
        """Drop the link. Closing twice is safe."""
        with suppress(OSError):
            self._lines.close()
        self._link.close()

    def _ask(self, do: str, **arguments: object) -> dict[str, Any]:
        self._lines.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        self._lines.flush()
        line = self._lines.readline()
        assert line, f"the backend of the measurement died; asked to {do!r}"
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def running_backend(folder: Path) -> Iterator[BackendControl]:
    """Run the backend and stop it at the end."""
    http_port, control_port = free_port(), free_port()
    command = python("bench.delivery.backend", str(http_port), str(control_port))
    process = start(command, log=folder / "backend.log")
    try:
        address = Address("127.0.0.1", control_port)
        wait_for("the backend listens", lambda: listens(address), within_s=30)
        link = socket.create_connection((address.host, address.port), 30)
        control = BackendControl(f"http://127.0.0.1:{http_port}{EVENTS_PATH}", process.pid, link)
        try:
            yield control
        finally:
            control.close()
    finally:
        stop(process)
