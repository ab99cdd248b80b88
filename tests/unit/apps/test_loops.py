"""A service's loop: restarts, signs of life, stopping."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.edge.loops import ServiceLoop, Step, beat, run_until_stopped
from surveil_core.notices import HeartbeatFailed, ServiceFailed, ServiceStopped
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.clock import FakeClock


class Site:
    """One loop around a service that a test writes as a function of the step's number."""

    def __init__(self, health_dir: Path) -> None:
        self.stop = threading.Event()
        self.clock = FakeClock()
        self.announcer = RecordingAnnouncer()
        self.health_dir = health_dir
        self.opened = self.closed = self.steps = 0

    def run(self, on_step: Step) -> list[str]:
        @contextmanager
        def service() -> Iterator[Step]:
            self.opened += 1
            try:
                yield self._count(on_step)
            finally:
                self.closed += 1

        loop = ServiceLoop(
            name="bridge",
            service=service,
            clock=self.clock,
            stop=self.stop,
            announcer=self.announcer,
            health_dir=self.health_dir,
        )
        return run_until_stopped([loop], self.stop, self.clock)

    def _count(self, on_step: Step) -> Step:
        def step(timeout_s: float) -> None:
            self.steps += 1
            on_step(timeout_s)

        return step


def test_a_failing_service_is_said_closed_and_started_again(tmp_path: Path) -> None:
    """What it had opened is closed before the next start; pauses grow."""
    site = Site(tmp_path)

    def fail_three_times(_timeout_s: float) -> None:
        if site.steps > 3:
            site.stop.set()
            return
        raise OSError("the cable is out")

    assert site.run(fail_three_times) == []
    assert (site.opened, site.closed) == (4, 4)
    failures = site.announcer.of(ServiceFailed)
    assert [f.reason for f in failures] == ["OSError: the cable is out"] * 3
    assert site.clock.waits_s == [f.retry_in_s for f in failures]
    assert site.clock.waits_s[0] < site.clock.waits_s[2]
    assert len(site.announcer.of(ServiceStopped)) == 1


def test_a_working_service_gives_a_sign_of_life(tmp_path: Path) -> None:
    """The file is there while it works, in a folder that may have gone, and not afterwards."""
    site = Site(tmp_path / "gone")
    seen = []

    def look(_timeout_s: float) -> None:
        seen.append((tmp_path / "gone/bridge").exists())
        if len(seen) == 2:
            site.stop.set()

    site.run(look)
    assert seen == [False, True]
    assert not (tmp_path / "gone/bridge").exists()


def test_a_sign_of_life_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """A full or read-only disk is said; the service goes on."""
    (tmp_path / "file").write_text("")
    site = Site(tmp_path / "file" / "health")

    def step(_timeout_s: float) -> None:
        site.clock.advance(6)
        if site.steps == 3:
            site.stop.set()

    site.run(step)
    assert site.opened == 1
    assert len(site.announcer.of(HeartbeatFailed)) == 3


def test_who_waits_inside_a_step_is_alive(tmp_path: Path) -> None:
    """A bridge that waits for its backend for an hour still gives signs of life."""
    site = Site(tmp_path)

    def wait_long(_timeout_s: float) -> None:
        beat()
        assert (tmp_path / "bridge").exists()
        site.stop.set()

    assert site.run(wait_long) == []
    assert site.announcer.of(ServiceFailed) == []
