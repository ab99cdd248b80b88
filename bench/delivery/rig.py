"""A broker, a backend, sensors and one bridge between them: new for each measurement."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import define, field

from bench.delivery import procfs
from bench.delivery.broker import BenchBroker
from bench.delivery.control import BackendControl, running_backend
from bench.delivery.load import PROBE, Publisher, message
from bench.delivery.outcome import Outcome, judge
from bench.delivery.subjects import Launch, Place, Subject
from bench.processes import start, stop
from tests.waiting import wait_for

QUIET_S = 20.0
"""When nothing has arrived for so long, what is missing counts as lost."""

_READY_WITHIN_S = 60.0
_REPEATS_WITHIN_S = 1.5


@define
class Bridge:
    """The process that is measured."""

    launch: Launch
    log: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int:
        """Its process id. Raises `AssertionError` when it has ended by itself."""
        assert self._process is not None, "the bridge was not started"
        code = self._process.poll()
        assert code is None, f"the bridge ended by itself with {code}: {self.last_words()}"
        return self._process.pid

    def start(self) -> None:
        """Start it, for the first time or again."""
        launch = self.launch
        self._process = start(launch.command, log=self.log, environment=launch.environment)

    def kill(self) -> None:
        """End it and its children at once, as `kill -9` does."""
        for pid in procfs.tree(self.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End it in good order. Closing twice is safe."""
        if self._process is not None:
            stop(self._process)
            self._process = None

    def last_words(self) -> str:
        """Say what it printed last."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:]


@define
class Rig:
    """One measurement's processes, all running and empty."""

    broker: BenchBroker
    backend: BackendControl
    publisher: Publisher
    bridge: Bridge
    _background: ThreadPoolExecutor

    def wait_until_ready(self) -> None:
        """Publish until the backend has something, then forget it."""
        numbers = iter(range(1 << 20, 1 << 24))

        def carries() -> bool:
            assert self.bridge.pid
            self.publisher.publish(message(next(numbers), PROBE))
            time.sleep(0.2)
            return self.backend.count().stored > 0

        try:
            wait_for("the bridge carries events", carries, within_s=_READY_WITHIN_S)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.bridge.last_words()}") from None
        self._wait_for_quiet(1.0)
        self.backend.forget()

    def begin(self, count: int, *, devices: int, rate_per_s: float | None = None) -> "Future[None]":
        """Publish in the background; the future ends when all are published."""
        return self._background.submit(
            self.publisher.send, count, devices=devices, rate_per_s=rate_per_s
        )

    def end(self, sending: "Future[None]", count: int, *, quiet_s: float = QUIET_S) -> Outcome:
        """Wait until all is published and stored, or nothing moves any more, and judge."""
        sending.result()
        self.publisher.wait_until_acknowledged()
        self.wait_until_stored(count, quiet_s=quiet_s)
        self._wait_for_quiet(_REPEATS_WITHIN_S)
        return judge(count, self.backend.records())

    def wait_until_stored(self, count: int, *, quiet_s: float = QUIET_S) -> None:
        """Wait until `count` events are stored, or until none has come for `quiet_s`."""
        began_s = time.monotonic()
        while (so_far := self.backend.count()).stored < count:
            if time.monotonic() - max(began_s, so_far.last_s) > quiet_s:
                return
            time.sleep(0.05)

    def _wait_for_quiet(self, quiet_s: float) -> None:
        began_s = time.monotonic()
        while time.monotonic() - max(began_s, self.backend.count().last_s) < quiet_s:
            time.sleep(0.05)


@contextmanager
def rig_for(subject: Subject, *, autosave_interval_s: int) -> Iterator[Rig]:
    """Set everything up around `subject`, ready. Raises `peers.Absent`."""
    with TemporaryDirectory(prefix="bench-delivery-") as name:
        folder = Path(name)
        broker = BenchBroker(folder, autosave_interval_s)
        place = folder / "bridge"
        place.mkdir()
        try:
            broker.start()
            with running_backend(folder) as backend, Publisher(broker.address) as publisher:
                launch = subject.prepare(
                    Place(folder=place, broker=broker.address, url=backend.url)
                )
                bridge = Bridge(launch, folder / "bridge.log")
                with ThreadPoolExecutor(1) as background:
                    rig = Rig(broker, backend, publisher, bridge, background)
                    try:
                        bridge.start()
                        rig.wait_until_ready()
                        yield rig
                    finally:
                        bridge.close()
                        publisher.close()
        finally:
            broker.close()
