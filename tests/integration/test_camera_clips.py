"""Real MP4 files out of a real ffmpeg as a camera."""

import os
import signal
import time
from pathlib import Path

import pytest
from attrs import evolve

from surveil_adapters.camera import candidates_for
from surveil_adapters.clock import SystemClock
from surveil_adapters.spool import DiskSpool
from surveil_core.notices import CameraLost, CameraReady
from surveil_core.ports.camera import VideoSource
from surveil_core.recording import CameraMode
from surveil_core.video import VideoFormat
from tests.contracts.video_source import read_for
from tests.footage import TRIGGERED_AT_UTC, label_of
from tests.rig.camera import FORMAT, children, decode, keyframe_times, probe
from tests.rig.recorder import Recorder

pytest_plugins = ["tests.rig.camera_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_is_left")


def synthetic(clock: SystemClock) -> list[VideoSource]:
    return candidates_for("synthetic", FORMAT, clock)


def test_a_clip_becomes_a_playable_video_of_true_duration(
    clock: SystemClock, tmp_path: Path
) -> None:
    """Fast start, decodable to the last picture, as long as it took, seekable by keyframes."""
    source = candidates_for("synthetic", FORMAT, clock)[0]
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
    made = clip.make_video().clip
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


@pytest.mark.parametrize("mode", CameraMode)
def test_a_trigger_becomes_a_stored_clip(
    mode: CameraMode, clock: SystemClock, tmp_path: Path
) -> None:
    """Both modes, with a second event that prolongs the clip."""
    recorder = Recorder(clock, tmp_path, synthetic(clock), mode)
    recorder.run(2.5)
    fired_at_utc = clock.now_utc()
    recorder.fire(1)
    recorder.run(1.0)
    recorder.fire(2)
    recorder.run_until_stored(1)
    recorder.run(0.2)
    assert bool(children()) == (mode is CameraMode.STANDBY)
    recorder.filming.close()
    assert recorder.store.event_row_ids == [(1, 2)]
    [clip] = recorder.store.clips
    if mode is CameraMode.STANDBY:
        assert 1 <= clip.pre_roll_s <= 2.2
        assert clip.start_delay_s == 0
    else:
        [ready] = recorder.announcer.of(CameraReady)
        assert clip.pre_roll_s == 0
        assert 0 < clip.start_delay_s == pytest.approx(ready.start_s, abs=1)
        late_s = (clip.started_at_utc - fired_at_utc).total_seconds()
        assert late_s == pytest.approx(clip.start_delay_s, abs=0.05)
        assert recorder.filming.figures.camera.start_s == pytest.approx(ready.start_s, abs=0.1)
    assert clip.missing_s == 0
    video = tmp_path / "1.mp4"
    decode(video)
    assert float(probe(video)["duration"]) == pytest.approx(clip.duration_s, abs=0.2)
    assert list((tmp_path / "spool").iterdir()) == []


def test_ffmpeg_killed_in_mid_clip_costs_only_what_was_not_filmed(
    clock: SystemClock, tmp_path: Path
) -> None:
    """The camera comes back and films on; the clip plays, and says how much of it is missing."""
    recorder = Recorder(clock, tmp_path, synthetic(clock))
    recorder.run(2.5)
    recorder.fire(1)
    recorder.run(1.0)
    [ffmpeg] = children()
    os.kill(ffmpeg, signal.SIGKILL)
    recorder.fire(3)
    recorder.run_until_stored(1)
    assert recorder.store.event_row_ids == [(1, 3)]
    [lost] = recorder.announcer.of(CameraLost)
    assert lost.reason.startswith("ffmpeg was killed by signal 9")
    decode(tmp_path / "1.mp4")
    [clip] = recorder.store.clips
    assert clip.duration_s >= 2.8
    assert 0.1 < clip.missing_s < clip.duration_s - 1.8
    assert float(probe(tmp_path / "1.mp4")["duration"]) == pytest.approx(clip.duration_s, abs=0.2)
    recorder.run(0.5)
    first, second = recorder.announcer.of(CameraReady)
    assert min(first.start_s, second.start_s) > 0
    recorder.fire(2)
    recorder.run_until_stored(2)
    recorder.filming.close()
    decode(tmp_path / "2.mp4")


def test_a_stop_in_mid_clip_stores_it_within_seconds(clock: SystemClock, tmp_path: Path) -> None:
    """What was filmed so far is a whole video."""
    recorder = Recorder(clock, tmp_path, synthetic(clock))
    recorder.run(1.5)
    recorder.fire(1)
    recorder.run(0.5)
    began_s = time.monotonic()
    recorder.filming.close()
    assert time.monotonic() - began_s < 3
    decode(tmp_path / "1.mp4")
