"""How long a camera that failed is left alone."""

from collections import deque

import pytest
from attrs import define, field

from surveil_core.errors import CameraUnavailable
from surveil_core.notices import CameraLost
from surveil_core.services.held_camera import HeldCamera
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.camera import FakeCamera
from tests.fakes.clock import FakeClock


@define(kw_only=True)
class Bench:
    """A camera that the test itself opens, reads and loses."""

    clock: FakeClock = field(factory=FakeClock)
    announcer: RecordingAnnouncer = field(factory=RecordingAnnouncer)
    source: FakeCamera = field(init=False)
    camera: HeldCamera = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.source = FakeCamera(clock=self.clock)
        self.camera = HeldCamera(
            source=self.source,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )

    def fail(self, times: int) -> None:
        """Find the camera absent."""
        self.source.open_errors = deque(["no such device"] * times)
        for _ in range(times):
            with pytest.raises(CameraUnavailable):
                self.camera.open()
            self.camera.lose("no such device")

    def film(self, duration_s: float) -> None:
        """Open the camera and take its pictures."""
        self.camera.open()
        until_s = self.clock.monotonic_s() + duration_s
        while self.clock.monotonic_s() < until_s:
            self.camera.read(0.2)

    @property
    def waits_s(self) -> list[float]:
        return [lost.retry_in_s for lost in self.announcer.of(CameraLost)]


def test_a_short_time_that_ended_well_forgets_what_failed_before() -> None:
    """A camera that is only opened for clips is never open for long."""
    bench = Bench()
    bench.fail(7)
    bench.film(10)
    bench.camera.close()
    bench.fail(1)
    assert bench.waits_s == [0.5, 1, 2, 4, 8, 16, 30, 0.5]


def test_a_camera_that_films_for_a_moment_and_fails_is_left_alone_for_longer_each_time() -> None:
    """It came back, and is not sound."""
    bench = Bench()
    for _ in range(4):
        bench.film(3)
        bench.camera.lose("killed")
    assert bench.waits_s == [0.5, 1, 2, 4]


def test_a_camera_that_gave_nothing_before_it_was_closed_has_shown_nothing() -> None:
    """Nor has one that is closed again without having been opened."""
    bench = Bench()
    bench.fail(2)
    bench.source.silent = True
    bench.film(1)
    bench.camera.close()
    bench.camera.close()
    bench.fail(1)
    assert bench.waits_s == [0.5, 1, 2]
