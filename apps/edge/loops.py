"""One thread per service, restarted with backoff when it fails, with a sign of life.

A service is a context manager that opens what it needs and yields its step; leaving it
closes everything in reverse, also before a restart. So a camera, broker, backend or
sensor that fails never takes the others down (DESIGN, promise 6).
"""

import contextlib
import random
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from pathlib import Path

from surveil_core.backoff import Backoff
from surveil_core.notices import (
    HeartbeatFailed,
    ServiceFailed,
    ServiceStopped,
)
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.clock import Clock

Step = Callable[[float], None]
Service = Callable[[], AbstractContextManager[Step]]

STEP_S = 0.5
HEARTBEAT_S = 5.0
STOP_WITHIN_S = 10.0
SIGNAL_CHECK_S = 1.0
"""The kernel may give a signal to any thread; Python has it handled when the main one looks up."""
_SETTLED_S = 60.0


_beat_of_thread: ContextVar[Callable[[], None] | None] = ContextVar("beat", default=None)


def beat() -> None:
    """Give the sign of life of the service whose thread this is, if it is one's."""
    give = _beat_of_thread.get()
    if give is not None:
        give()


class ServiceLoop:
    """Runs one service on a thread of its own until `stop` is set."""

    def __init__(
        self,
        *,
        name: str,
        service: Service,
        clock: Clock,
        stop: threading.Event,
        announcer: Announcer,
        health_dir: Path,
    ) -> None:
        self.name = name
        self._service = service
        self._clock = clock
        self._stop = stop
        self._announcer = announcer
        self._heartbeat = health_dir / name
        self._beaten_at_s = float("-inf")
        self._backoff = Backoff(first_s=1.0)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end. False if the service has not ended in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            began_at_s = self._clock.monotonic_s()
            try:
                self._run_once()
            except Exception as error:  # noqa: BLE001 - said aloud, then started again
                if self._clock.monotonic_s() - began_at_s > _SETTLED_S:
                    failures = 0
                failures += 1
                retry_in_s = self._backoff.delay_s(failures, random.random())
                self._announce_failure(error, retry_in_s)
                self._clock.wait_s(retry_in_s)
        self._forget_heartbeat()
        self._announcer.announce(ServiceStopped(service=self.name))

    def _run_once(self) -> None:
        token = _beat_of_thread.set(self._beat)
        try:
            with self._service() as step:
                while not self._stop.is_set():
                    step(STEP_S)
                    self._beat()
        finally:
            _beat_of_thread.reset(token)

    def _beat(self) -> None:
        """Touch `health/<service>`: what a container's health check looks at."""
        now_s = self._clock.monotonic_s()
        if now_s - self._beaten_at_s < HEARTBEAT_S:
            return
        self._beaten_at_s = now_s
        try:
            self._heartbeat.parent.mkdir(parents=True, exist_ok=True)
            self._heartbeat.touch()
        except OSError as error:
            reason = f"{self._heartbeat}: {error.strerror or error}"
            self._announcer.announce(HeartbeatFailed(service=self.name, reason=reason))

    def _forget_heartbeat(self) -> None:
        with contextlib.suppress(OSError):  # the file is a sign of life, and there is none now
            self._heartbeat.unlink(missing_ok=True)

    def _announce_failure(self, error: Exception, retry_in_s: float) -> None:
        reason = f"{type(error).__name__}: {error}"
        self._announcer.announce(
            ServiceFailed(service=self.name, reason=reason, retry_in_s=retry_in_s)
        )


def run_until_stopped(
    loops: Sequence[ServiceLoop], stop: threading.Event, clock: Clock
) -> list[str]:
    """Start all loops, wait for `stop`, then 10 s at most; name those that did not end."""
    for loop in loops:
        loop.start()
    while not stop.wait(SIGNAL_CHECK_S):
        pass
    deadline_s = clock.monotonic_s() + STOP_WITHIN_S
    return [loop.name for loop in loops if not loop.join(max(0, deadline_s - clock.monotonic_s()))]
