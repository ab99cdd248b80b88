"""A camera by libcamera and Picamera2: opened, filmed, lost, and opened again."""

import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import av
import pytest

from surveil_adapters.camera import CameraChain, candidates_for
from surveil_adapters.camera.picamera2 import Picamera2Source
from surveil_adapters.clock import SystemClock
from surveil_adapters.console.french import WORDS
from surveil_core.errors import CameraUnavailable
from surveil_core.notices import CameraReady, CameraRejected, CameraTrying
from surveil_core.ports.camera import VideoSource
from surveil_core.video import VideoFormat
from tests.contracts.video_source import VideoSourceContract, read_for
from tests.fakes.announcer import RecordingAnnouncer
from tests.rig.camera import make_clip

FORMAT = VideoFormat(width=320, height=240, fps=4)
"""VIMC makes 10 pictures a second or more, whatever it is asked."""

pytestmark = [
    pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
]
"""Picamera2's; it leaves files to the garbage collector when it cannot open a camera."""

SOFTWARE = "picamera2 (software H.264)"


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock(threading.Event())


@pytest.fixture
def source(clock: SystemClock) -> Iterator[VideoSource]:
    source = Picamera2Source(FORMAT, clock)
    yield source
    source.close()


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


class TestPicamera2(VideoSourceContract):
    """What every camera must do."""

    def test_stamps_never_go_back_and_keep_the_rate(self, source: VideoSource) -> None:
        """VIMC has no rate to keep; its stamps pass as fast as our clock."""
        source.open()
        read_for(source, 0.5)  # what had queued up
        began_s = time.monotonic()
        stamps = [unit.at_s for unit in read_for(source, 4.0)]
        assert stamps == sorted(set(stamps))
        assert stamps[-1] - stamps[0] == pytest.approx(time.monotonic() - began_s, abs=2.0)
        assert stamps[-1] == pytest.approx(time.monotonic(), abs=2.0)


def test_a_second_of_pictures_holds_a_keyframe(source: VideoSource) -> None:
    """Counted in pictures of the rate that was asked for, whatever the load here."""
    source.open()
    units = read_for(source, 4.0)
    keyframes = [number for number, unit in enumerate(units) if unit.keyframe]
    assert {b - a for a, b in pairwise(keyframes)} == {FORMAT.fps}


def test_the_encoder_is_named_while_open(source: VideoSource) -> None:
    """Picamera2 takes a computer that is no Pi 5 for one with an encoder; it has none."""
    assert source.name == "picamera2"
    source.open()
    assert source.name == SOFTWARE
    source.close()
    assert source.name == "picamera2"


def test_the_true_picture_size_is_learnt(clock: SystemClock) -> None:
    """An odd height is made even; what is stored beside clips is what they show."""
    source = Picamera2Source(VideoFormat(width=162, height=121, fps=4), clock)
    source.open()
    units = read_for(source, 0.5)
    source.close()
    decoder = av.CodecContext.create("h264", "r")
    [frame, *_] = [f for unit in units for f in decoder.decode(av.Packet(unit.annex_b))]
    assert (frame.width, frame.height) == (162, 120)
    assert (source.format.width, source.format.height) == (162, 120)


def test_a_clip_is_playable(source: VideoSource, tmp_path: Path) -> None:
    """What the spool makes of the pictures is an H.264 film of them all, in their time."""
    source.open()
    units = read_for(source, 5.0)
    video = make_clip(units, tmp_path, source.format)
    answer = subprocess.run(
        [
            *("ffprobe", "-v", "error", "-count_frames", "-of", "json"),
            *("-show_entries", "stream=codec_name,width,height,nb_read_frames:format=duration"),
            str(video),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(answer.stdout)
    assert found["streams"] == [
        {"codec_name": "h264", "width": 320, "height": 240, "nb_read_frames": str(len(units))}
    ]
    assert float(found["format"]["duration"]) == pytest.approx(5.0, abs=1.5)
    assert answer.stderr == ""


def test_opened_and_closed_again_and_again_nothing_piles_up(source: VideoSource) -> None:
    """A camera that comes and goes for weeks costs no memory of the camera's kind."""
    left = []
    for _ in range(4):
        source.open()
        assert read_for(source, 0.3)
        source.close()
        left.append((descriptors(), threading.active_count()))
    assert left[1:] == left[:-1]


def test_a_camera_in_use_is_refused_and_left_alone(source: VideoSource, clock: SystemClock) -> None:
    """A second service on the same camera gets the reason; the first one films on."""
    source.open()
    second = Picamera2Source(FORMAT, clock)
    with pytest.raises(CameraUnavailable, match="did not complete"):
        second.open()
    assert read_for(source, 1.0)
    source.close()
    second.open()
    assert read_for(second, 0.3)
    second.close()


@contextmanager
def something_else_at(encoder: Path) -> Iterator[None]:
    """Let Picamera2 find a device where it looks for its hardware encoder: VIMC's camera."""
    encoder.symlink_to("video0")
    try:
        yield
    finally:
        encoder.unlink()


def test_an_encoder_that_fails_is_told_and_leaves_nothing(source: VideoSource) -> None:
    """The device refuses the encoder's settings; the camera can be opened afterwards."""
    source.open()
    source.close()
    before = (descriptors(), threading.active_count())
    with (
        something_else_at(Path("/dev/video11")),
        pytest.raises(CameraUnavailable, match=r"OSError: .*Inappropriate ioctl"),
    ):
        source.open()
    assert (descriptors(), threading.active_count()) == before
    source.open()
    assert source.name == SOFTWARE


WITHOUT_CAMERA = """
import os, threading
from surveil_adapters.camera.picamera2 import Picamera2Source
from surveil_adapters.clock import SystemClock
from surveil_core.errors import CameraUnavailable
from surveil_core.video import VideoFormat

source = Picamera2Source(VideoFormat(), SystemClock(threading.Event()))
for _ in range(3):
    try:
        source.open()
    except CameraUnavailable as error:
        print(len(os.listdir("/proc/self/fd")), error)
"""


def test_without_a_camera_each_try_says_so_and_costs_nothing() -> None:
    """A cable out for weeks is tried again all the time."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_CAMERA],
        check=True,
        capture_output=True,
        text=True,
        env=dict(os.environ, LIBCAMERA_PIPELINES_MATCH_LIST="simple"),
    )
    first, second, third = done.stdout.splitlines()
    assert first.endswith("libcamera knows no camera; check its cable")
    assert first == second == third


class ClockOfOneThread(SystemClock):
    """A clock that fails on any thread but its maker's, so on Picamera2's."""

    def __init__(self) -> None:
        super().__init__(threading.Event())
        self._maker = threading.get_ident()

    def monotonic_s(self) -> float:
        if threading.get_ident() != self._maker:
            raise RuntimeError("not on this thread")
        return super().monotonic_s()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_end_of_picamera2s_thread_does_not_keep_us_waiting(source: VideoSource) -> None:
    """An error in the middle of filming ends its event loop; closing must not wait for it."""
    broken = Picamera2Source(FORMAT, ClockOfOneThread())
    with pytest.raises(CameraUnavailable, match="no picture within"):
        broken.open()
    source.open()
    assert read_for(source, 0.3)


@pytest.mark.parametrize("setting", ["picamera2", "auto"])
def test_the_chain_says_what_it_tries_and_finds(setting: str, clock: SystemClock) -> None:
    """As the specification's log has it; the encoder is part of the name that it ends with."""
    announcer = RecordingAnnouncer()
    chain = CameraChain(candidates_for(setting, FORMAT, clock), announcer=announcer, clock=clock)
    chain.open()
    assert read_for(chain, 0.3)
    chain.close()
    [ready] = announcer.of(CameraReady)
    assert announcer.notices == [CameraTrying(service="surveillance", source="picamera2"), ready]
    assert (ready.source, ready.simulated) == (SOFTWARE, False)
    assert 0 < ready.start_s < 30
    assert WORDS.render(announcer.notices[0]) == "   Tentative avec picamera2..."


def test_the_chain_says_why_a_camera_is_not_to_be_had(
    source: VideoSource, clock: SystemClock
) -> None:
    """A camera that is taken is told with the reason."""
    source.open()
    announcer = RecordingAnnouncer()
    candidates = candidates_for("picamera2", FORMAT, clock)
    chain = CameraChain(candidates, announcer=announcer, clock=clock)
    with pytest.raises(CameraUnavailable, match="picamera2: RuntimeError"):
        chain.open()
    assert announcer.kinds() == ["CameraTrying", "CameraRejected"]
    [rejected] = announcer.of(CameraRejected)
    assert rejected.source == "picamera2"
    assert rejected.reason.startswith("RuntimeError: Camera __init__ sequence did not complete")
