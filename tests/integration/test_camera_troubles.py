"""Real programs as cameras that flood or send damaged pictures in the middle of a clip."""

import random
import shlex
import threading
from pathlib import Path

import pytest

from surveil_adapters.camera import candidates_for
from surveil_adapters.camera.process import CameraCommand, Container
from surveil_adapters.camera.program import ProgramSource
from surveil_adapters.camera.unit_queue import MAX_QUEUED_BYTES
from surveil_adapters.clock import SystemClock
from surveil_core.notices import CameraLost, CameraReady
from surveil_core.recording import RecordingPolicy
from surveil_core.video import AccessUnit, VideoFormat
from tests.contracts.video_source import read_for
from tests.rig.camera import FORMAT, decode, memory_bytes, probe
from tests.rig.recorder import Recorder

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


def film_through(trouble: str, clock: SystemClock, folder: Path) -> tuple[Recorder, int]:
    """Film a clip in which the camera turns bad; returns what memory was taken meanwhile.

    An event each second keeps the clip going until that is noticed, however long it takes.
    """
    recorder = Recorder(
        clock, folder, [turning_bad(trouble, clock)], policy=POLICY, max_ring_bytes=RING_BYTES
    )
    recorder.run(1.0)
    before_bytes = peak_bytes = memory_bytes()
    fired = [recorder.fire(1)]
    while not recorder.announcer.of(CameraLost):
        recorder.step()
        if clock.monotonic_s() >= fired[-1].at_s + 1:
            fired.append(recorder.fire(len(fired) + 1))
        assert recorder.filming.figures.ring.held_bytes <= RING_BYTES
        peak_bytes = max(peak_bytes, memory_bytes())
    fired.append(recorder.fire(len(fired) + 1))
    recorder.run_until_stored(1)
    recorder.filming.close()
    assert recorder.store.event_row_ids == [tuple(event.event_row_id for event in fired)]
    return recorder, peak_bytes - before_bytes


def test_a_camera_that_floods_is_opened_again(
    clock: SystemClock, filmed: list[AccessUnit], tmp_path: Path
) -> None:
    """Memory stays within ring and queue, events go on, and the clip says what is missing."""
    flood = tmp_path / "flood.h264"
    flood.write_bytes(b"".join(unit.annex_b for unit in filmed))
    trouble = f"while :; do cat {shlex.quote(str(flood))}; done"
    recorder, taken_bytes = film_through(trouble, clock, tmp_path)
    [lost] = recorder.announcer.of(CameraLost)
    assert "turning-bad floods: " in lost.reason
    assert taken_bytes < MAX_QUEUED_BYTES + RING_BYTES + 24 * 1024 * 1024
    assert_filmed_on(recorder, tmp_path)
    decode(tmp_path / "1.mp4")


def test_a_camera_that_sends_damaged_pictures_is_opened_again(
    clock: SystemClock, filmed: list[AccessUnit], tmp_path: Path
) -> None:
    """What does not decode is left out, and missing."""
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
    assert_filmed_on(recorder, tmp_path)


def assert_filmed_on(recorder: Recorder, folder: Path) -> None:
    """Each loss was followed by a start, and the one clip tells its gap."""
    assert len(recorder.announcer.of(CameraReady)) == 2
    [clip] = recorder.store.clips
    assert 0.3 < clip.missing_s < 3
    assert clip.pre_roll_s > 0
    assert clip.duration_s > POLICY.duration_s + clip.pre_roll_s
    length_s = float(probe(folder / "1.mp4")["duration"])
    assert length_s == pytest.approx(clip.duration_s, abs=0.2)
