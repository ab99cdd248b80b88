"""Too many triggers, and clips without end: bounded memory, one owner, nothing left behind.

Two cameras, each for a sensor of its own. Everything is real but they and the clock, which makes
seconds of an hour: the services, their queues and spools, the MP4, the pictures beside it, and
the database. They lie in memory where there is such a folder, since thousands of commits prove
nothing of a disk here.
"""

import os
import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from surveil_adapters.camera.process import CameraCommand, Container
from surveil_adapters.camera.program import ProgramSource
from surveil_adapters.clock import SystemClock
from surveil_core.notices import CameraLost, ClipFailed, ClipStored, RecordingExtended
from surveil_core.recording import CameraMode, RecordingPolicy
from surveil_core.video import VideoFormat
from tests.fakes.camera import FakeCamera
from tests.fakes.clock import FakeClock
from tests.footage import FORMAT, FPS, pictures
from tests.integration.sqlite_files import query
from tests.rig.camera import children, descriptors, memory_bytes
from tests.rig.recorders import Site, recording

pytest_plugins = ["tests.rig.camera_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_is_left")

CLIPS = 500
RING_BYTES = (64 * 1024, 48 * 1024)
"""What the ring of each camera may take."""
MEMORY_BYTES = sum(RING_BYTES) + 24 * 1024 * 1024
"""What all of it may take beyond what it has taken once it works: the rings, and some noise."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Give a folder whose commits cost little."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(prefix="surveil-", dir="/dev/shm") as name:
        yield Path(name)


def fake_cameras(clock: FakeClock) -> list[tuple[FakeCamera, int]]:
    """Give two with pictures that can be decoded, ten a second; none may be opened twice."""
    return [(FakeCamera(clock=clock, format=FORMAT, coded=pictures()), n) for n in RING_BYTES]


def test_fifty_triggers_in_a_second_are_one_clip(folder: Path) -> None:
    """For each of two cameras: it begins before its first and ends after its last."""
    clock, events = FakeClock(), 100
    with recording(clock, folder, fake_cameras(clock)) as site:
        site.store(events=events)
        site.run(10)
        for number in range(1, events + 1):
            site.fire(number)
            if number % (events / FPS) == 0:
                site.run(1 / FPS)
                site.assert_rings_keep_within_bounds()
        site.run(12)
        for recorder in site.recorders:
            assert len(recorder.announcer.of(RecordingExtended)) == 49
            assert recorder.filming.figures.camera.starts == 1
    site.assert_each_event_has_its_video(events=events)
    videos = query(site.db.path, "SELECT numero_camera, duree, duree_preroll FROM media ORDER BY 1")
    assert [camera for camera, _, _ in videos] == [1, 2]
    for _, duration_s, pre_roll_s in videos:
        assert 3 <= pre_roll_s <= 4.2
        assert duration_s == pytest.approx(pre_roll_s + 1 + 10, abs=0.3)


def test_a_trigger_every_two_seconds_for_an_hour(folder: Path) -> None:
    """At each of two cameras: no clip outlives its cap, no event is without one, memory stays."""
    clock, triggers, policy = FakeClock(), 1800, RecordingPolicy()
    with recording(clock, folder, fake_cameras(clock)) as site:
        site.store(events=2 * triggers)
        site.run(10)
        taken_bytes = 0
        for number in range(1, triggers + 1):
            site.fire(2 * number - 1)
            site.fire(2 * number)
            site.run(2)
            site.assert_rings_keep_within_bounds()
            if number == triggers // 10:
                taken_bytes = memory_bytes()
        site.run(12)
        assert memory_bytes() - taken_bytes < MEMORY_BYTES
        for recorder in site.recorders:
            assert recorder.announcer.of(CameraLost) + recorder.announcer.of(ClipFailed) == []
            assert recorder.filming.figures.camera.starts == 1
    site.assert_each_event_has_its_video(events=2 * triggers)
    for camera in (1, 2):
        assert_an_hour_of_videos(site.db.path, camera, policy)


def assert_an_hour_of_videos(database: Path, camera: int, policy: RecordingPolicy) -> None:
    """As many as the cap makes of an hour, none longer, each from before its trigger, whole."""
    videos = query(
        database,
        "SELECT duree, duree_preroll, duree_manquante FROM media JOIN tournage USING (id_media)"
        " WHERE numero_camera = ?",
        camera,
    )
    assert 3600 / policy.max_duration_s <= len(videos) <= 3600 / policy.max_duration_s + 1
    for duration_s, pre_roll_s, missing_s in videos:
        assert policy.pre_roll_s <= pre_roll_s <= policy.pre_roll_s + 1.2
        assert duration_s <= policy.max_duration_s + pre_roll_s + 0.2
        assert missing_s == 0


def brief_camera(clock: SystemClock, folder: Path) -> ProgramSource:
    """Build a camera that starts in milliseconds and is a process, a thread and two pipes."""
    file = folder / "pictures.h264"
    file.write_bytes(b"".join(unit.annex_b for unit in pictures()))

    def command(_: VideoFormat) -> CameraCommand:
        arguments = ["sh", "-c", f"while cat {shlex.quote(str(file))}; do sleep 0.005; done"]
        return CameraCommand(arguments=arguments, container=Container.ANNEX_B)

    return ProgramSource(
        name="brief",
        simulated=True,
        format=FORMAT,
        clock=clock,
        command=command,
        first_picture_within_s=5,
    )


def film_one_more(site: Site, number: int) -> None:
    """Have an event filmed, on the thread of its camera, which then has nothing open."""
    recorder = site.recorder_of(number)
    stored = recorder.filming.figures.stored_clips
    site.fire(number)
    while recorder.filming.figures.stored_clips == stored:
        recorder.step(0.004)
        assert len(children()) <= 1, "the camera has two owners"
    assert children() == []


def test_five_hundred_clips_leave_nothing_behind(clock: SystemClock, folder: Path) -> None:
    """Cameras off in between: no descriptor, thread or process more, one owner at any time."""
    policy = RecordingPolicy(pre_roll_s=0, duration_s=0.004, max_duration_s=0.004)
    cameras = [(brief_camera(clock, folder), max_bytes) for max_bytes in RING_BYTES]
    open_files: set[int] = set()
    taken_bytes = 0
    with (
        ThreadPoolExecutor(1) as entrance,
        ThreadPoolExecutor(1) as garden,
        recording(clock, folder, cameras, mode=CameraMode.ON_DEMAND, policy=policy) as site,
    ):
        site.store(events=CLIPS)
        for number in range(1, CLIPS, 2):
            filmed = [entrance.submit(film_one_more, site, number)]
            filmed.append(garden.submit(film_one_more, site, number + 1))
            for one in wait(filmed).done:
                one.result()
            open_files.add(descriptors())
            if number == CLIPS // 10 + 1:
                taken_bytes = memory_bytes()
        assert memory_bytes() - taken_bytes < MEMORY_BYTES
        for recorder in site.recorders:
            figures = recorder.filming.figures
            assert (figures.camera.starts, figures.camera.failures) == (CLIPS / 2, 0)
            assert len(recorder.announcer.of(ClipStored)) == CLIPS / 2
    assert len(open_files) == 1
    site.assert_each_event_has_its_video(events=CLIPS)
    assert [path for path in (folder / "spool").rglob("*") if path.is_file()] == []
