"""Real ffmpeg as a camera, real MP4 files out of it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from surveil_adapters.camera import CameraChain, candidates_for
from surveil_adapters.camera.process import ProcessCamera, ProgramSource
from surveil_adapters.clock import SystemClock
from surveil_adapters.queues import ThreadTriggerQueue
from surveil_adapters.spool import DiskSpool
from surveil_core.errors import CameraUnavailable
from surveil_core.events import EventType
from surveil_core.notices import CameraLost, CameraReady, CameraRejected, ClipStored
from surveil_core.ports.camera import VideoSource
from surveil_core.ports.recorder import Trigger
from surveil_core.recording import RecordingPolicy
from surveil_core.services.filming import CameraMode, FilmingService
from surveil_core.services.held_camera import HeldCamera
from surveil_core.services.resuming import ClipResuming
from surveil_core.services.storing import ClipStoring
from surveil_core.video import VideoFormat
from tests.clips import make_mp4
from tests.contracts.video_source import VideoSourceContract, read_for
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.clip_jobs import FakeClipJobs
from tests.fakes.media_store import FakeMediaStore
from tests.footage import TRIGGERED_AT_UTC, label_of
from tests.waiting import wait_for

FORMAT = VideoFormat(width=320, height=180, fps=15)


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def clock(stop: threading.Event) -> SystemClock:
    return SystemClock(stop)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No descriptor, thread or child process outlives a test."""
    before = descriptors(), threading.active_count()
    yield
    assert (descriptors(), threading.active_count()) == before
    assert children() == []


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def children() -> list[int]:
    """List this thread's child processes, but for the broker that other tests share."""
    text = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text()
    names = {int(pid): Path(f"/proc/{pid}/comm").read_text().strip() for pid in text.split()}
    return [pid for pid, name in names.items() if name != "mosquitto"]


def only_source(setting: str, clock: SystemClock) -> VideoSource:
    [source] = candidates_for(setting, FORMAT, clock)
    return source


def program(command: list[str], clock: SystemClock, within_s: float = 5.0) -> ProgramSource:
    return ProgramSource(
        name=command[0],
        simulated=True,
        format=FORMAT,
        clock=clock,
        arguments=lambda _: command,
        first_picture_within_s=within_s,
    )


class TestSynthetic(VideoSourceContract):
    @pytest.fixture
    def source(self, clock: SystemClock) -> Iterator[VideoSource]:
        source = only_source("synthetic", clock)
        yield source
        source.close()


class TestFile(VideoSourceContract):
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


def test_a_stop_cuts_opening_short(clock: SystemClock, stop: threading.Event) -> None:
    """A program that is asked to stop does not wait for a silent camera."""
    stop.set()
    began_s = time.monotonic()
    with pytest.raises(CameraUnavailable, match="asked to stop"):
        program(["sleep", "60"], clock, within_s=30).open()
    assert time.monotonic() - began_s < 3


def test_a_program_that_ignores_sigterm_is_killed(clock: SystemClock) -> None:
    """Closing takes seconds, whatever the program does."""
    camera = ProcessCamera(
        ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"], video_format=FORMAT, clock=clock
    )
    began_s = time.monotonic()
    with pytest.raises(CameraUnavailable, match="no picture"):
        camera.start(0.3)
    camera.close()
    assert time.monotonic() - began_s < 5


def probe(path: Path) -> dict[str, str]:
    """Ask ffprobe for duration, codec and size."""
    entries = "format=duration:stream=codec_name,width,height,r_frame_rate"
    command = ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "json", str(path)]
    answer = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {**answer["streams"][0], **answer["format"]}


def decode(path: Path) -> None:
    """Decode every picture; the least error fails."""
    # The clip's own time base: arrival times are no multiples of the frame rate.
    times = ["-fps_mode", "passthrough", "-enc_time_base", "-1"]
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), *times, "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_clip_becomes_a_playable_video_of_true_duration(
    clock: SystemClock, tmp_path: Path
) -> None:
    """Fast start, decodable to the last picture, as long as it took, seekable by keyframes."""
    source = only_source("synthetic", clock)
    source.open()
    units = read_for(source, 4.0)
    source.close()
    spool = DiskSpool(tmp_path)
    spool.open()
    asked = VideoFormat(fps=15)
    writer = spool.start_clip(evolve(label_of(), triggered_at_s=units[30].at_s, format=asked))
    for unit in units:
        writer.append(unit)
    assert writer.spool_path.stat().st_size == sum(len(unit.annex_b) for unit in units)
    decode(writer.spool_path)
    clip = writer.finish(triggered_at_utc=TRIGGERED_AT_UTC)
    made = clip.make_video()
    assert made.format == FORMAT
    facts = probe(made.video_path)
    assert (facts["codec_name"], facts["width"], facts["height"]) == ("h264", 320, 180)
    true_s = units[-1].at_s - units[0].at_s + 1 / FORMAT.fps
    assert float(facts["duration"]) == pytest.approx(true_s, abs=0.2)
    assert made.duration_s == pytest.approx(true_s)
    decode(made.video_path)
    video = made.video_path.read_bytes()
    assert made.clip_bytes == len(video)
    assert video.index(b"moov") < video.index(b"mdat")
    assert keyframe_times(made.video_path) == pytest.approx(
        [unit.at_s - units[0].at_s for unit in units if unit.keyframe], abs=0.01
    )
    clip.discard()
    assert list(tmp_path.iterdir()) == []
    spool.close()


def keyframe_times(path: Path) -> list[float]:
    entries = ["-select_streams", "v", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0"]
    command = ["ffprobe", "-v", "error", *entries, str(path)]
    lines = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    rows = [line.split(",") for line in lines]
    return [float(row[0]) for row in rows if row[1].startswith("K")]


class Recorder:
    """A real camera, spool and queue around the service; stored clips are copied out."""

    def __init__(self, clock: SystemClock, folder: Path, mode: CameraMode) -> None:
        self.announcer = RecordingAnnouncer()
        self.store = CopyingStore(folder)
        self.clock = clock
        jobs = FakeClipJobs()
        spool = DiskSpool(folder / "spool")
        policy = RecordingPolicy(pre_roll_s=1, duration_s=2, max_duration_s=10)
        storing = ClipStoring(
            store=self.store,
            jobs=jobs,
            clock=clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )
        resuming = ClipResuming(
            spool=spool,
            jobs=jobs,
            storing=storing,
            policy=policy,
            clock=clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )
        self.filming = FilmingService(
            camera=HeldCamera(
                source=CameraChain(
                    candidates_for("synthetic", FORMAT, clock),
                    announcer=self.announcer,
                    clock=clock,
                ),
                clock=clock,
                announcer=self.announcer,
                random_unit=lambda: 0.0,
            ),
            spool=spool,
            storing=storing,
            resuming=resuming,
            triggers=ThreadTriggerQueue(),
            clock=clock,
            announcer=self.announcer,
            policy=policy,
            mode=mode,
        )
        self.filming.open()

    def run(self, duration_s: float) -> None:
        until_s = self.clock.monotonic_s() + duration_s
        while self.clock.monotonic_s() < until_s:
            self.filming.step(0.1)

    def run_until_stored(self, clips: int) -> None:
        deadline_s = self.clock.monotonic_s() + 15
        while len(self.announcer.of(ClipStored)) < clips:
            self.filming.step(0.1)
            assert self.clock.monotonic_s() < deadline_s, self.announcer.notices

    def fire(self, number: int) -> Trigger:
        trigger = Trigger(
            event_row_id=number,
            event_id=f"evt-{number}",
            event_type=EventType.MOTION_DETECTED,
            at_s=self.clock.monotonic_s(),
        )
        self.filming.trigger(trigger)
        return trigger


class CopyingStore(FakeMediaStore):
    """Keeps the files of the clips that it is given."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def add_clip(self, clip, *, event_row_ids) -> int:  # type: ignore[no-untyped-def]
        row_id = super().add_clip(clip, event_row_ids=event_row_ids)
        shutil.copy(clip.video_path, self.folder / f"{row_id}.mp4")
        return row_id


@pytest.mark.parametrize("mode", CameraMode)
def test_a_trigger_becomes_a_stored_clip(
    mode: CameraMode, clock: SystemClock, tmp_path: Path
) -> None:
    """Both modes, with a second event that prolongs the clip."""
    recorder = Recorder(clock, tmp_path, mode)
    recorder.run(2.5)
    recorder.fire(1)
    recorder.run(1.0)
    recorder.fire(2)
    recorder.run_until_stored(1)
    recorder.run(0.2)
    assert bool(children()) == (mode is CameraMode.STANDBY)
    recorder.filming.close()
    assert recorder.store.event_row_ids == [(1, 2)]
    [clip] = recorder.store.clips
    assert (1 <= clip.pre_roll_s <= 2.2) if mode is CameraMode.STANDBY else clip.pre_roll_s == 0
    video = tmp_path / "1.mp4"
    decode(video)
    assert float(probe(video)["duration"]) == pytest.approx(clip.duration_s, abs=0.2)
    assert list((tmp_path / "spool").iterdir()) == []


def test_ffmpeg_killed_in_mid_clip_costs_only_what_was_not_filmed(
    clock: SystemClock, tmp_path: Path
) -> None:
    """The clip in hand is stored and plays; the camera comes back and films again."""
    recorder = Recorder(clock, tmp_path, CameraMode.STANDBY)
    recorder.run(2.5)
    recorder.fire(1)
    recorder.run(1.0)
    [ffmpeg] = children()
    os.kill(ffmpeg, signal.SIGKILL)
    recorder.run_until_stored(1)
    [lost] = recorder.announcer.of(CameraLost)
    assert lost.reason.startswith("ffmpeg was killed by signal 9")
    decode(tmp_path / "1.mp4")
    assert recorder.store.clips[0].duration_s >= 1.8
    recorder.run(1.5)
    assert len(recorder.announcer.of(CameraReady)) == 2
    recorder.fire(2)
    recorder.run_until_stored(2)
    recorder.filming.close()
    decode(tmp_path / "2.mp4")


def test_a_stop_in_mid_clip_stores_it_within_seconds(clock: SystemClock, tmp_path: Path) -> None:
    """What was filmed so far is a whole video."""
    recorder = Recorder(clock, tmp_path, CameraMode.STANDBY)
    recorder.run(1.5)
    recorder.fire(1)
    recorder.run(0.5)
    began_s = time.monotonic()
    recorder.filming.close()
    assert time.monotonic() - began_s < 3
    decode(tmp_path / "1.mp4")


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
