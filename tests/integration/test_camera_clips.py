"""Real MP4 files out of a real ffmpeg as a camera."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from attrs import evolve

from surveil_adapters.camera import CameraChain, candidates_for
from surveil_adapters.clock import SystemClock
from surveil_adapters.previews import PyavPreviewer
from surveil_adapters.queues import ThreadTriggerQueue
from surveil_adapters.spool import DiskSpool
from surveil_core.events import EventType
from surveil_core.notices import CameraLost, CameraReady, ClipStored
from surveil_core.ports.recorder import Trigger
from surveil_core.recording import CameraMode, RecordingPolicy
from surveil_core.services.filming import FilmingService
from surveil_core.services.held_camera import HeldCamera
from surveil_core.services.resuming import ClipResuming
from surveil_core.services.storing import ClipStoring
from surveil_core.video import VideoFormat
from tests.contracts.video_source import read_for
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.clip_jobs import FakeClipJobs
from tests.fakes.media_store import FakeMediaStore
from tests.footage import TRIGGERED_AT_UTC, label_of
from tests.rig.camera import FORMAT, children, decode, keyframe_times, probe

pytest_plugins = ["tests.rig.camera_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_is_left")


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
            previewer=PyavPreviewer(),
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

    def add_clip(self, clip, **stored_with) -> int:  # type: ignore[no-untyped-def]
        row_id = super().add_clip(clip, **stored_with)
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
