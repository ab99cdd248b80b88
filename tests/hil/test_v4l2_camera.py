"""Our ffmpeg source on a V4L2 device of a real kernel."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from surveil_adapters.camera import CameraChain, candidates_for
from surveil_adapters.clock import SystemClock
from surveil_core.errors import CameraUnavailable
from surveil_core.notices import CameraReady, CameraRejected, CameraTrying
from surveil_core.ports.camera import VideoSource
from surveil_core.video import AccessUnit, VideoFormat
from tests.contracts.video_source import (
    HELD_BACK_S,
    VideoSourceContract,
    read_for,
    read_past_a_pause,
)
from tests.fakes.announcer import RecordingAnnouncer
from tests.hil.burnt_in_clock import clocks_of
from tests.hil.light import is_vivid
from tests.rig.camera import make_clip
from tests.waiting import wait_for

FORMAT = VideoFormat(width=320, height=180, fps=10)
LARGER = VideoFormat(width=640, height=360, fps=5)
"""`FORMAT` is vivid's smallest, which a driver gives too when it is asked for nonsense."""

ABSENT = "/dev/video63"
OPEN_WITHIN_S = 120.0
STALE_S = 1.0
"""Pictures of which one took so much longer to us than another have queued up somewhere."""

STEP_OFF_S = 0.05
"""By how much a step may differ from that of the burnt-in clock: vivid stamps a picture when it was
due and shows when it was drawn."""


class Patient:
    """A source that tries to open again where the machine is slow, as the service does."""

    def __init__(self, source: VideoSource) -> None:
        self._source = source
        self.name, self.simulated, self.format = source.name, source.simulated, source.format

    @property
    def dropped_pictures(self) -> int:
        """How many the source dropped."""
        return self._source.dropped_pictures

    def open(self) -> None:
        """Open; a picture that comes too late is no failure here."""
        wait_for("the camera opens", self._opens, within_s=OPEN_WITHIN_S)

    def read(self, timeout_s: float) -> AccessUnit | None:
        """Wait for a picture."""
        return self._source.read(timeout_s)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def _opens(self) -> bool:
        try:
            self._source.open()
        except CameraUnavailable as error:
            if "no picture within" in str(error):
                return False
            raise
        self.format = self._source.format
        return True


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock(threading.Event())


def v4l2(device: Path | str, clock: SystemClock, format: VideoFormat = FORMAT) -> VideoSource:
    [source] = candidates_for(f"v4l2:{device}", format, clock)
    return source


@pytest.fixture
def source(camera: Path, clock: SystemClock) -> Iterator[VideoSource]:
    with closing(Patient(v4l2(camera, clock))) as source:
        yield source


class TestV4l2(VideoSourceContract):
    """The contract, on a real device."""


def facts_of(video: Path) -> dict[str, Any]:
    """Decode a video with ffprobe: its codec, size and number of pictures."""
    entries = "stream=codec_name,width,height,nb_read_frames:format=duration"
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", entries]
    answer = subprocess.run(
        [*command, "-of", "json", str(video)], capture_output=True, check=True
    ).stdout
    document: dict[str, Any] = json.loads(answer)
    return {**document["streams"][0], **document["format"]}


def test_a_clip_of_the_device_plays_with_every_picture(source: VideoSource, tmp_path: Path) -> None:
    """What was read is what the player decodes: size, number of pictures, duration."""
    source.open()
    units = read_for(source, 3.0)
    assert source.format.resolution == "320x180"
    assert not source.simulated
    facts = facts_of(make_clip(units, tmp_path, source.format))
    assert (facts["codec_name"], facts["width"], facts["height"]) == ("h264", 320, 180)
    assert int(facts["nb_read_frames"]) == len(units)
    assert float(facts["duration"]) == pytest.approx(units[-1].at_s - units[0].at_s, abs=0.5)


def test_the_size_is_the_one_that_was_asked_for(camera: Path, clock: SystemClock) -> None:
    """What comes says so, not what was asked."""
    with closing(Patient(v4l2(camera, clock, LARGER))) as source:
        source.open()
        assert source.format.resolution == LARGER.resolution


def test_no_picture_is_stale(source: VideoSource, camera: Path, tmp_path: Path) -> None:
    """The clock that vivid burns into its pictures goes on as fast as they are stamped."""
    if not is_vivid(camera):
        pytest.skip("this camera shows no clock")
    source.open()
    units = read_for(source, 5.0)
    clip = make_clip(units, tmp_path, source.format)
    shown_s = clocks_of(clip, width=source.format.width, height=source.format.height)
    assert len(shown_s) == len(units)
    assert all(later > earlier for earlier, later in pairwise(shown_s))
    behind_s = [unit.at_s - shown for unit, shown in zip(units, shown_s, strict=True)]
    assert max(behind_s) - min(behind_s) < STALE_S


def test_pictures_that_come_late_and_at_once_keep_the_times_burnt_into_them(
    source: VideoSource, camera: Path, tmp_path: Path
) -> None:
    """The driver goes on while the program is held back, and stamps what it films."""
    if not is_vivid(camera):
        pytest.skip("this camera shows no clock")
    early, late = read_past_a_pause(source)
    units = early + late
    clip = make_clip(units, tmp_path, source.format)
    shown_s = clocks_of(clip, width=source.format.width, height=source.format.height)
    off_s = [
        (after.at_s - before.at_s) - (after_shown_s - before_shown_s)
        for (before, after), (before_shown_s, after_shown_s) in zip(
            pairwise(units), pairwise(shown_s), strict=True
        )
    ]
    assert max(map(abs, off_s[len(early) - 1 :])) <= STEP_OFF_S
    assert shown_s[-1] - shown_s[len(early) - 1] >= HELD_BACK_S


def test_auto_finds_the_device_and_tells_each_attempt(camera: Path, clock: SystemClock) -> None:
    """The Pi's own cameras are tried first, and named with why not."""
    if camera != Path("/dev/video0"):
        pytest.skip("auto looks for /dev/video0")
    announcer = RecordingAnnouncer()
    chain = CameraChain(candidates_for("auto", FORMAT, clock), announcer=announcer, clock=clock)
    with closing(Patient(chain)) as patient:
        patient.open()
        assert read_for(patient, 0.5)[0].keyframe
    tried = [notice.source for notice in announcer.of(CameraTrying)]
    assert tried[:4] == ["picamera2", "rpicam-vid", "libcamera-vid", "ffmpeg"]
    reasons = {notice.source: notice.reason for notice in announcer.of(CameraRejected)}
    assert reasons["libcamera-vid"] == "[Errno 2] No such file or directory: 'libcamera-vid'"
    [ready] = announcer.of(CameraReady)
    assert (ready.source, ready.simulated) == ("ffmpeg", False)


def test_past_a_missing_device_the_chain_goes_on(camera: Path, clock: SystemClock) -> None:
    """The one that is not there is named; the next one films."""
    announcer = RecordingAnnouncer()
    candidates = [v4l2(ABSENT, clock), Patient(v4l2(camera, clock))]
    with closing(CameraChain(candidates, announcer=announcer, clock=clock)) as chain:
        chain.open()
        assert read_for(chain, 0.5)
    [rejected] = announcer.of(CameraRejected)
    assert f"{ABSENT}: No such file or directory" in rejected.reason
    assert len(announcer.of(CameraReady)) == 1


def test_a_busy_device_is_named_and_its_holder_unharmed(
    source: VideoSource, camera: Path, clock: SystemClock
) -> None:
    """The second program is refused with device and reason; the first one films on."""
    source.open()
    with pytest.raises(CameraUnavailable, match=f"{camera}: Device or resource busy"):
        v4l2(camera, clock).open()
    read_for(source, 1.0)
