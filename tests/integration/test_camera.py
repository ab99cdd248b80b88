"""Real ffmpeg as a camera, and programs that are none."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from surveil_adapters.camera import CameraChain, candidates_for
from surveil_adapters.camera.process import CameraCommand, Container, ProcessCamera
from surveil_adapters.camera.program import ProgramSource
from surveil_adapters.clock import SystemClock
from surveil_core.errors import CameraUnavailable
from surveil_core.notices import CameraRejected
from surveil_core.ports.camera import VideoSource
from tests.clips import make_mp4
from tests.contracts.video_source import LatePicturesContract, VideoSourceContract, read_for
from tests.fakes.announcer import RecordingAnnouncer
from tests.rig.camera import FORMAT, children
from tests.rig.threads import no_threads
from tests.waiting import wait_for

pytest_plugins = ["tests.rig.camera_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_is_left")


def only_source(setting: str, clock: SystemClock) -> VideoSource:
    [source] = candidates_for(setting, FORMAT, clock)
    return source


def program(command: list[str], clock: SystemClock, within_s: float = 5.0) -> ProgramSource:
    return ProgramSource(
        name=command[0],
        simulated=True,
        format=FORMAT,
        clock=clock,
        command=lambda _: CameraCommand(arguments=command, container=Container.ANNEX_B),
        first_picture_within_s=within_s,
    )


class TestSynthetic(VideoSourceContract, LatePicturesContract):
    @pytest.fixture
    def source(self, clock: SystemClock) -> Iterator[VideoSource]:
        source = only_source("synthetic", clock)
        yield source
        source.close()


class TestFile(VideoSourceContract, LatePicturesContract):
    """A file of 1 s, so that each test sees it loop."""

    @pytest.fixture
    def source(self, clock: SystemClock, tmp_path: Path) -> Iterator[VideoSource]:
        source = only_source(f"file:{make_mp4(tmp_path, duration_s=1)}", clock)
        yield source
        source.close()


def test_a_foreign_video_is_fitted_into_the_format(clock: SystemClock) -> None:
    """MPEG-4 of another shape becomes H.264 of the size that was asked for."""
    video = Path(__file__).parents[3] / "shared/data/video/opencv_vtest_part0.avi"
    if not video.exists():
        pytest.skip(f"{video} is absent")
    source = only_source(f"file:{video}", clock)
    source.open()
    assert read_for(source, 0.5)[0].keyframe
    assert source.format == FORMAT
    source.close()


def test_the_true_picture_size_is_learnt(clock: SystemClock) -> None:
    """A camera that gives another size than asked is stored with its own."""
    command = ["ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=15"]
    source = program(
        [*command, "-c:v", "libx264", "-tune", "zerolatency", "-f", "h264", "-"], clock
    )
    source.open()
    assert source.format.resolution == "160x120"
    source.close()


def test_without_a_camera_auto_says_what_was_tried(clock: SystemClock) -> None:
    """The spec's own line is among the reasons."""
    if shutil.which("libcamera-vid") or Path("/dev/video0").exists():
        pytest.skip("this machine has a camera")
    announcer = RecordingAnnouncer()
    chain = CameraChain(candidates_for("auto", FORMAT, clock), announcer=announcer, clock=clock)
    with pytest.raises(
        CameraUnavailable, match=r"picamera2: .*rpicam-vid: .*ffmpeg: .*/dev/video0"
    ):
        chain.open()
    reasons = {notice.source: notice.reason for notice in announcer.of(CameraRejected)}
    assert reasons["libcamera-vid"] == "[Errno 2] No such file or directory: 'libcamera-vid'"


def test_a_network_camera_that_is_not_there_shows_no_password(clock: SystemClock) -> None:
    """The program prints the whole address; the log must not."""
    source = only_source("rtsp://ann:s3cr%2Ft@127.0.0.1:9/stream?key=s3cr3t", clock)
    with pytest.raises(CameraUnavailable, match="Connection refused") as caught:
        source.open()
    for secret in ("ann", "s3cr", "s3cr/t", "s3cr3t"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["no-such-camera"], r"No such file or directory: 'no-such-camera'"),
        (["sh", "-c", "echo no camera >&2; exit 3"], "sh ended with status 3: no camera"),
        (["sh", "-c", "kill -9 $$"], "sh was killed by signal 9"),
        (["sleep", "60"], "no picture within 0.5 s"),
        (["sh", "-c", "cat /dev/zero"], "no H.264 picture ends"),
    ],
)
def test_a_program_that_gives_no_picture_is_refused(
    command: list[str], reason: str, clock: SystemClock
) -> None:
    """Absent, dead at once, silent, or talking nonsense: the reason says which."""
    source = program(command, clock, within_s=5.0 if command[0] != "sleep" else 0.5)
    with pytest.raises(CameraUnavailable, match=reason):
        source.open()


@pytest.mark.parametrize("stamps_option", [None, "--save-pts"])
def test_a_system_without_threads_leaves_the_camera_to_the_next_try(
    clock: SystemClock, stamps_option: str | None
) -> None:
    """No program goes on holding the device, and the cause is told."""
    command = CameraCommand(
        arguments=["sh", "-c", "sleep 60"], container=Container.ANNEX_B, stamps_option=stamps_option
    )
    camera = ProcessCamera(command, video_format=FORMAT, clock=clock)
    with no_threads(), pytest.raises(CameraUnavailable, match="thread") as caught:
        camera.start(5.0)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert children() == []


def test_a_stop_cuts_opening_short(clock: SystemClock, stop: threading.Event) -> None:
    """A program that is asked to stop does not wait for a silent camera."""
    stop.set()
    began_s = time.monotonic()
    with pytest.raises(CameraUnavailable, match="asked to stop"):
        program(["sleep", "60"], clock, within_s=30).open()
    assert time.monotonic() - began_s < 3


def test_a_program_that_ignores_sigterm_is_killed(clock: SystemClock) -> None:
    """Closing takes seconds, whatever the program does."""
    stubborn = ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"]
    camera = ProcessCamera(
        CameraCommand(arguments=stubborn, container=Container.ANNEX_B),
        video_format=FORMAT,
        clock=clock,
    )
    began_s = time.monotonic()
    with pytest.raises(CameraUnavailable, match="no picture"):
        camera.start(0.3)
    camera.close()
    assert time.monotonic() - began_s < 5


def test_the_camera_dies_with_a_killed_program() -> None:
    """No ffmpeg keeps a camera busy after a kill -9 of its owner."""
    code = (
        "import threading, time\n"
        "from surveil_adapters.camera import candidates_for\n"
        "from surveil_adapters.clock import SystemClock\n"
        "from surveil_core.video import VideoFormat\n"
        "clock = SystemClock(threading.Event())\n"
        "[source] = candidates_for('synthetic', VideoFormat(width=320, height=180), clock)\n"
        "source.open()\n"
        "print('open', flush=True)\n"
        "time.sleep(60)\n"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}"}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        env=environment,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"open\n"
        [ffmpeg] = [
            int(pid)
            for pid in Path(f"/proc/{owner.pid}/task/{owner.pid}/children").read_text().split()
        ]
        owner.kill()
    wait_for("ffmpeg's end", lambda: not is_running(ffmpeg), within_s=5)


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie that waits for its reaper."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
