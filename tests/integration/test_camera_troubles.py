"""Real programs as cameras that flood or send damaged pictures in the middle of a clip.

Meanwhile the surveillance service goes on storing motions, on another thread than films.
"""

import random
import shlex
import threading
import time
from pathlib import Path

import pytest
from attrs import define, field

from surveil_adapters.camera import candidates_for
from surveil_adapters.camera.process import CameraCommand, Container
from surveil_adapters.camera.program import ProgramSource
from surveil_adapters.camera.unit_queue import MAX_QUEUED_BYTES
from surveil_adapters.clock import SystemClock
from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_core.notices import CameraLost, CameraReady
from surveil_core.recording import RecordingPolicy
from surveil_core.video import AccessUnit, VideoFormat
from tests.contracts.video_source import read_for
from tests.rig.at_work import Events, Filming, filming
from tests.rig.camera import FORMAT, decode, memory_bytes, probe
from tests.rig.recorder import Recorder
from tests.rig.recorders import recording
from tests.waiting import wait_for

pytest_plugins = ["tests.rig.camera_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_is_left")

SOUND_S = 1.5
RING_BYTES = 256 * 1024
POLICY = RecordingPolicy(pre_roll_s=0.5, duration_s=3, max_duration_s=20)


@pytest.fixture(scope="module")
def filmed() -> list[AccessUnit]:
    """Two seconds of the test picture, with three keyframes."""
    [source] = candidates_for("synthetic", FORMAT, SystemClock(threading.Event()))
    source.open()
    try:
        return read_for(source, 2.2)
    finally:
        source.close()


def turning_bad(trouble: str, clock: SystemClock) -> ProgramSource:
    """Build a camera whose first run is sound for a while; later runs are sound for good."""
    runs = 0

    def command(asked: VideoFormat) -> CameraCommand:
        nonlocal runs
        runs += 1
        picture = f"testsrc2=size={asked.resolution}:rate={asked.fps}"
        sound = ["ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", picture, "-c:v", "libx264"]
        sound += ["-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"]
        sound += ["-g", str(asked.fps), "-f", "h264", "-flush_packets", "1", "-"]
        begun = shlex.join([*sound[:-1], "-t", str(SOUND_S), "-"])
        turning = ["sh", "-c", f"{begun}; {trouble}"]
        return CameraCommand(arguments=turning if runs == 1 else sound, container=Container.ANNEX_B)

    return ProgramSource(
        name="turning-bad",
        simulated=True,
        format=FORMAT,
        clock=clock,
        command=command,
        first_picture_within_s=6,
        look_every_s=1,
    )


@define
class Trouble:
    """A camera that turns bad in the middle of a clip, while motions go on until it is back."""

    camera: Filming
    events: Events
    turned_bad: Path
    """There once it has."""
    stored_meanwhile: int = field(default=0, init=False)
    away_s: float = field(default=0.0, init=False)
    taken_bytes: int = field(default=0, init=False)
    _before_bytes: int = field(factory=memory_bytes, init=False)

    def is_over(self) -> bool:
        """Let a motion happen now and then; say if the camera is back."""
        is_bad = self.turned_bad.exists()
        has_moved = self.events.keep_moving()
        is_over = self.camera.starts == 2
        if is_bad and has_moved and not is_over:
            assert self.events.stored == self.events.happened
            self.stored_meanwhile += 1
        if is_bad:
            self.away_s = time.time() - self.turned_bad.stat().st_mtime
        assert self.camera.recorder.filming.figures.ring.held_bytes <= RING_BYTES
        self.taken_bytes = max(self.taken_bytes, memory_bytes() - self._before_bytes)
        return is_over


def film_through(trouble: str, clock: SystemClock, folder: Path) -> tuple[Recorder, Trouble]:
    """Film a clip, `1.mp4`, in which the camera turns bad.

    Motions keep it going until that is noticed, however long it takes.
    """
    turned_bad = folder / "turned-bad"
    source = turning_bad(f"touch {shlex.quote(str(turned_bad))}; {trouble}", clock)
    cameras = [(source, RING_BYTES)]
    with recording(clock, folder, cameras, policy=POLICY) as site, filming(site) as [one]:
        wait_for("a pre-roll", lambda: one.pictures >= FORMAT.fps)
        events = Events(site)
        seen = Trouble(one, events, turned_bad)
        wait_for("the camera is back", seen.is_over, within_s=30)
        events.move()
        wait_for("the clip is stored", lambda: one.has_stored_a_clip, within_s=15)
    events.assert_all_are_stored()
    site.assert_each_event_has_its_video(events=events.happened)
    assert_filmed_on(one.recorder, seen, SqliteArchive(site.db.path), folder / "1.mp4")
    return one.recorder, seen


def assert_filmed_on(
    recorder: Recorder, trouble: Trouble, archive: SqliteArchive, video: Path
) -> None:
    """Events were stored meanwhile, the loss was followed by a start, one clip tells its gap."""
    assert trouble.stored_meanwhile > 0
    assert len(recorder.announcer.of(CameraReady)) == 2
    [clip] = archive.list_media(limit=9)
    assert 0.3 < clip.missing_s < trouble.away_s + 1
    assert clip.pre_roll_s > 0
    assert clip.duration_s > POLICY.duration_s + clip.pre_roll_s
    video.write_bytes(archive.read_video(clip.media_id, offset=0, length=clip.clip_bytes))
    assert float(probe(video)["duration"]) == pytest.approx(clip.duration_s, abs=0.2)


def test_a_camera_that_floods_is_opened_again(
    clock: SystemClock, filmed: list[AccessUnit], tmp_path: Path
) -> None:
    """Memory stays within ring and queue, events are stored, and the clip says what is missing."""
    flood = tmp_path / "flood.h264"
    flood.write_bytes(b"".join(unit.annex_b for unit in filmed))
    trouble = f"while :; do cat {shlex.quote(str(flood))}; done"
    recorder, seen = film_through(trouble, clock, tmp_path)
    [lost] = recorder.announcer.of(CameraLost)
    assert "turning-bad floods: " in lost.reason
    assert seen.taken_bytes < MAX_QUEUED_BYTES + RING_BYTES + 24 * 1024 * 1024
    decode(tmp_path / "1.mp4")


def test_a_camera_that_sends_damaged_pictures_is_opened_again(
    clock: SystemClock, filmed: list[AccessUnit], tmp_path: Path
) -> None:
    """What does not decode is left out, and missing; events are stored meanwhile."""
    chance, damaged = random.Random(4), bytearray()
    for unit in filmed:
        picture = bytearray(unit.annex_b)
        first = unit.annex_b.rindex(b"\x00\x00\x01") + 12
        for place in chance.sample(range(first, len(picture)), (len(picture) - first) // 10):
            picture[place] = chance.randint(1, 255)
        damaged += picture
    file = tmp_path / "damaged.h264"
    file.write_bytes(damaged)
    trouble = f"while :; do cat {shlex.quote(str(file))}; sleep 0.5; done"
    recorder, _ = film_through(trouble, clock, tmp_path)
    [lost] = recorder.announcer.of(CameraLost)
    assert "do not decode" in lost.reason
