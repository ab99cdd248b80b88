"""Too many triggers, and clips without end: bounded memory, one owner, nothing left behind.

Everything is real but the camera and the clock, which makes seconds of an hour: the service,
its queue, the spool, the MP4, the pictures beside it, and the database. They lie in memory where
there is such a folder, since thousands of commits prove nothing of a disk here.
"""

import os
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from surveil_adapters.camera.process import CameraCommand, Container
from surveil_adapters.camera.program import ProgramSource
from surveil_adapters.clock import SystemClock
from surveil_adapters.sqlite.clip_jobs import SqliteClipJobs
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.notices import CameraLost, ClipFailed, ClipStored, RecordingExtended
from surveil_core.ports.camera import VideoSource
from surveil_core.ports.clock import Clock
from surveil_core.recording import CameraMode, RecordingPolicy
from surveil_core.video import VideoFormat
from tests.contracts.clip_jobs import film
from tests.examples import SENSORS
from tests.fakes.camera import FakeCamera
from tests.fakes.clock import FakeClock
from tests.footage import FORMAT, FPS, pictures
from tests.integration.sqlite_files import query
from tests.rig.camera import children, descriptors, memory_bytes
from tests.rig.recorder import Recorder

pytest_plugins = ["tests.rig.camera_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_is_left")

CLIPS = 500
RING_BYTES = 64 * 1024
MEMORY_BYTES = RING_BYTES + 24 * 1024 * 1024
"""What all of it may take beyond what it has taken once it works: the ring, and some noise."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Give a folder whose commits cost little."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(prefix="surveil-", dir="/dev/shm") as name:
        yield Path(name)


@contextmanager
def recording(
    clock: Clock,
    folder: Path,
    source: VideoSource,
    *,
    events: int,
    mode: CameraMode = CameraMode.STANDBY,
    policy: RecordingPolicy | None = None,
) -> Iterator[tuple[Recorder, Path]]:
    """Run the service on a real database that has events, in rows from 1 on, to be filmed."""
    db = SurveillanceDb(path=folder / "surveillance.db", sensors=SENSORS)
    db.initialise()
    with ExitStack() as stack:
        media = stack.enter_context(closing(SqliteMediaStore(db)))
        recorder = Recorder(
            clock,
            folder,
            [source],
            mode,
            policy=policy or RecordingPolicy(),
            database=(media, SqliteClipJobs(db)),
            max_ring_bytes=RING_BYTES,
        )
        stack.callback(recorder.filming.close)
        recorder.step(0.01)  # now it no longer looks for what an earlier run owes
        with closing(SqliteEventStore(db)) as store:
            store.add_events([film(number) for number in range(1, events + 1)])
        yield recorder, db.path


def fake_camera(clock: FakeClock) -> FakeCamera:
    """Give pictures that can be decoded, ten a second."""
    return FakeCamera(clock=clock, format=FORMAT, coded=pictures())


def assert_each_event_has_its_video(database: Path, *, events: int) -> None:
    """Each is linked to one video; none was given up, none is still to come."""
    linked = query(database, "SELECT id_evenement FROM media_evenement ORDER BY id_evenement")
    assert [row_id for (row_id,) in linked] == list(range(1, events + 1))
    assert query(database, "SELECT count(*) FROM travail_clip") == [(0,)]


def test_fifty_triggers_in_a_second_are_one_clip(folder: Path) -> None:
    """It begins before the first and ends after the last, and each event leads to it."""
    clock = FakeClock()
    with recording(clock, folder, fake_camera(clock), events=50) as (recorder, database):
        recorder.run(10)
        for number in range(1, 51):
            recorder.fire(number)
            if number % (50 / FPS) == 0:
                recorder.run(1 / FPS)
        recorder.run(12)
        assert len(recorder.announcer.of(RecordingExtended)) == 49
    assert_each_event_has_its_video(database, events=50)
    [(duration_s, pre_roll_s)] = query(database, "SELECT duree, duree_preroll FROM media")
    assert 3 <= pre_roll_s <= 4.2
    assert duration_s == pytest.approx(pre_roll_s + 1 + 10, abs=0.3)


def test_a_trigger_every_two_seconds_for_an_hour(folder: Path) -> None:
    """No clip outlives its cap, no event is without one, and memory does not grow."""
    clock, events, policy = FakeClock(), 1800, RecordingPolicy()
    with recording(clock, folder, fake_camera(clock), events=events) as (recorder, database):
        recorder.run(10)
        taken_bytes = 0
        for number in range(1, events + 1):
            recorder.fire(number)
            recorder.run(2)
            assert recorder.filming.figures.ring.held_bytes <= RING_BYTES
            if number == events // 10:
                taken_bytes = memory_bytes()
        recorder.run(12)
        assert memory_bytes() - taken_bytes < MEMORY_BYTES
        assert recorder.announcer.of(CameraLost) + recorder.announcer.of(ClipFailed) == []
        assert recorder.filming.figures.camera.starts == 1
    assert_each_event_has_its_video(database, events=events)
    videos = query(
        database,
        "SELECT duree, duree_preroll, duree_manquante FROM media JOIN tournage USING (id_media)",
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


def test_five_hundred_clips_leave_nothing_behind(clock: SystemClock, folder: Path) -> None:
    """Camera off in between: no descriptor, thread or process more, one owner at any time."""
    policy = RecordingPolicy(pre_roll_s=0, duration_s=0.004, max_duration_s=0.004)
    source = brief_camera(clock, folder)
    open_files: set[int] = set()
    taken_bytes = 0
    with recording(
        clock, folder, source, events=CLIPS, mode=CameraMode.ON_DEMAND, policy=policy
    ) as (recorder, database):
        for number in range(1, CLIPS + 1):
            recorder.fire(number)
            while recorder.filming.figures.stored_clips < number:
                recorder.step(0.004)
                assert len(children()) <= 1, "the camera has two owners"
            assert children() == []
            open_files.add(descriptors())
            if number == CLIPS // 10:
                taken_bytes = memory_bytes()
        assert memory_bytes() - taken_bytes < MEMORY_BYTES
        figures = recorder.filming.figures
        assert (figures.camera.starts, figures.camera.failures) == (CLIPS, 0)
        assert len(recorder.announcer.of(ClipStored)) == CLIPS
    assert len(open_files) == 1
    assert_each_event_has_its_video(database, events=CLIPS)
    assert list((folder / "spool").iterdir()) == []
