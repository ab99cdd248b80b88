"""The chain on fakes, and the fake itself, keep the contract; the log is the spec's."""

from collections import deque

import pytest

from surveil_adapters.camera import CameraChain
from surveil_core.errors import CameraUnavailable
from surveil_core.notices import CameraReady, CameraRejected, CameraTrying
from surveil_core.ports.camera import VideoSource
from tests.contracts.video_source import VideoSourceContract
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.camera import FakeCamera
from tests.fakes.clock import FakeClock

MISSING = "[Errno 2] No such file or directory: 'libcamera-vid'"


def chain_of(
    *errors: str | None, clock: FakeClock | None = None
) -> tuple[CameraChain, RecordingAnnouncer, list[FakeCamera]]:
    """Build a chain of cameras named a, b, ... each failing once with its error, if any."""
    clock, announcer = clock or FakeClock(), RecordingAnnouncer()
    cameras = [
        FakeCamera(clock=clock, name=name, open_errors=deque([error] if error else []))
        for name, error in zip("abcdef", errors, strict=False)
    ]
    return CameraChain(cameras, announcer=announcer, clock=clock), announcer, cameras


class TestFakeCamera(VideoSourceContract):
    @pytest.fixture
    def source(self) -> VideoSource:
        return FakeCamera(clock=FakeClock())


class TestCameraChain(VideoSourceContract):
    @pytest.fixture
    def source(self) -> VideoSource:
        return chain_of(None)[0]


def test_each_attempt_is_told_as_in_the_spec() -> None:
    """Trying, the reason why not, trying the next, ready."""
    chain, announcer, cameras = chain_of(MISSING, None)
    cameras[1].opening_takes_s = 0.75
    chain.open()
    assert announcer.notices == [
        CameraTrying(service="surveillance", source="a"),
        CameraRejected(service="surveillance", source="a", reason=MISSING),
        CameraTrying(service="surveillance", source="b"),
        CameraReady(service="surveillance", source="b", simulated=True, start_s=0.75),
    ]
    assert chain.name == "b"


def test_without_any_camera_the_error_names_them_all() -> None:
    """One text says what was tried and why each was not to be had."""
    chain, _, _ = chain_of(MISSING, "busy")
    with pytest.raises(CameraUnavailable) as caught:
        chain.open()
    assert str(caught.value) == f"a: {MISSING}; b: busy"


def test_a_stop_ends_the_attempts() -> None:
    """A program that is asked to stop tries no further camera."""
    chain, _, cameras = chain_of("busy", None, clock=FakeClock(stop_requested=True))
    with pytest.raises(CameraUnavailable, match="asked to stop"):
        chain.open()
    assert [camera.opened for camera in cameras] == [0, 0]


def test_reopening_starts_with_the_first_again() -> None:
    """The better camera may be back."""
    chain, _, cameras = chain_of("busy", None)
    chain.open()
    chain.close()
    chain.open()
    assert chain.name == "a"
    assert [camera.opened for camera in cameras] == [2, 1]
    assert not cameras[1].is_open
