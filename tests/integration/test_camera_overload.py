"""Too many triggers, and clips without end: bounded memory, one owner, nothing left behind.

Two cameras, each for a sensor of its own. Everything is real but they and the clock, which makes
seconds of an hour: the services, their queues and spools, the MP4, the pictures beside it, and
the database. They lie in memory where there is such a folder, since thousands of commits prove
nothing of a disk here.
"""

import os
import shlex
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from attrs import evolve, frozen

from surveil_adapters.camera.process import CameraCommand, Container
from surveil_adapters.camera.program import ProgramSource
from surveil_adapters.clock import SystemClock
from surveil_adapters.sqlite.clip_jobs import SqliteClipJobs
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.events import EventType, PinState, SensorEvent
from surveil_core.notices import CameraLost, ClipFailed, ClipStored, RecordingExtended
from surveil_core.ports.camera import VideoSource
from surveil_core.ports.clock import Clock
from surveil_core.ports.recorder import Trigger
from surveil_core.recording import CameraMode, RecordingPolicy
from surveil_core.services.assigning import AssigningRecorder, CameraAssignment
from surveil_core.video import VideoFormat
from tests.contracts.clip_jobs import film
from tests.examples import SENSORS, event_number
from tests.fakes.camera import FakeCamera
from tests.fakes.clock import FakeClock
from tests.footage import FORMAT, FPS, pictures
from tests.integration.sqlite_files import query
from tests.rig.camera import children, descriptors, memory_bytes
from tests.rig.recorder import Recorder

pytest_plugins = ["tests.rig.camera_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_is_left")

CLIPS = 500
ENTRANCE, GARDEN = 17, 5
RING_BYTES = {1: 64 * 1024, 2: 48 * 1024}
"""What each camera's ring may take."""
MEMORY_BYTES = sum(RING_BYTES.values()) + 24 * 1024 * 1024
"""What all of it may take beyond what it has taken once it works: the rings, and some noise."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Give a folder whose commits cost little."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(prefix="surveil-", dir="/dev/shm") as name:
        yield Path(name)


@frozen(kw_only=True)
class Site:
    """Cameras with their recorders, by number, on one clock and one database."""

    clock: Clock
    recorders: Mapping[int, Recorder]
    database: Path

    def fire(self, number: int) -> None:
        """Let the event of that row happen now, which goes to the camera of its sensor."""
        recorder = AssigningRecorder(
            assignment=CameraAssignment(camera_by_pin={GARDEN: 2}),
            recorders={camera: one.filming for camera, one in self.recorders.items()},
        )
        recorder.trigger(
            Trigger(
                event_row_id=number,
                event_id=event_of(number).event_id,
                event_type=EventType.MOTION_DETECTED,
                at_s=self.clock.monotonic_s(),
                gpio_pin=event_of(number).gpio_pin,
            )
        )

    def run(self, duration_s: float) -> None:
        """Film with all cameras for a while."""
        until_s = self.clock.monotonic_s() + duration_s
        while self.clock.monotonic_s() < until_s:
            for recorder in self.recorders.values():
                recorder.step()

    def assert_rings_hold_no_more_than_they_may(self) -> None:
        """Each its own measure."""
        for camera, recorder in self.recorders.items():
            assert 0 < recorder.filming.figures.ring.held_bytes <= RING_BYTES[camera]

    def assert_each_event_has_its_video(self, *, events: int) -> None:
        """Each is linked to one, of its own camera; none was given up, none is still to come."""
        linked = query(
            self.database,
            "SELECT l.id_evenement, m.numero_camera FROM media_evenement l"
            " JOIN media m USING (id_media) ORDER BY l.id_evenement",
        )
        assert linked == [(number, camera_of(number)) for number in range(1, events + 1)]
        assert query(self.database, "SELECT count(*) FROM travail_clip") == [(0,)]


def camera_of(number: int) -> int:
    """Say whose an event is: the cameras take turns."""
    return 1 if number % 2 else 2


def event_of(number: int) -> SensorEvent:
    """Build an event of the sensor that its camera films for."""
    pin = {1: ENTRANCE, 2: GARDEN}[camera_of(number)]
    return evolve(event_number(number), data={"gpio_pin": pin, "state": PinState.HIGH})


@contextmanager
def recording(
    clock: Clock,
    folder: Path,
    sources: Mapping[int, VideoSource],
    *,
    events: int,
    mode: CameraMode = CameraMode.STANDBY,
    policy: RecordingPolicy | None = None,
) -> Iterator[Site]:
    """Run the cameras on a real database that has events, in rows from 1 on, to be filmed."""
    db = SurveillanceDb(path=folder / "surveillance.db", sensors=SENSORS)
    db.initialise()
    with ExitStack() as stack:
        recorders = {}
        for number, source in sources.items():
            media = stack.enter_context(closing(SqliteMediaStore(db)))
            recorders[number] = recorder = Recorder(
                clock,
                folder,
                [source],
                mode,
                policy=policy or RecordingPolicy(),
                database=(media, SqliteClipJobs(db)),
                max_ring_bytes=RING_BYTES[number],
                camera_number=number,
            )
            stack.callback(recorder.filming.close)
            recorder.step(0.01)  # now it no longer looks for what an earlier run owes
        with closing(SqliteEventStore(db)) as store:
            store.add_events([evolve(film(n), event=event_of(n)) for n in range(1, events + 1)])
        yield Site(clock=clock, recorders=recorders, database=db.path)


def fake_cameras(clock: FakeClock) -> Mapping[int, FakeCamera]:
    """Give pictures that can be decoded, ten a second; none may be opened twice."""
    return {
        number: FakeCamera(clock=clock, format=FORMAT, coded=pictures()) for number in RING_BYTES
    }


def test_fifty_triggers_in_a_second_are_one_clip(folder: Path) -> None:
    """For each of two cameras: it begins before its first and ends after its last."""
    clock, events = FakeClock(), 100
    with recording(clock, folder, fake_cameras(clock), events=events) as site:
        site.run(10)
        for number in range(1, events + 1):
            site.fire(number)
            if number % (events / FPS) == 0:
                site.run(1 / FPS)
                site.assert_rings_hold_no_more_than_they_may()
        site.run(12)
        for recorder in site.recorders.values():
            assert len(recorder.announcer.of(RecordingExtended)) == 49
            assert recorder.filming.figures.camera.starts == 1
    site.assert_each_event_has_its_video(events=events)
    videos = query(
        site.database, "SELECT numero_camera, duree, duree_preroll FROM media ORDER BY 1"
    )
    assert [camera for camera, _, _ in videos] == [1, 2]
    for _, duration_s, pre_roll_s in videos:
        assert 3 <= pre_roll_s <= 4.2
        assert duration_s == pytest.approx(pre_roll_s + 1 + 10, abs=0.3)


def test_a_trigger_every_two_seconds_for_an_hour(folder: Path) -> None:
    """At each of two cameras: no clip outlives its cap, no event is without one, memory stays."""
    clock, triggers, policy = FakeClock(), 1800, RecordingPolicy()
    with recording(clock, folder, fake_cameras(clock), events=2 * triggers) as site:
        site.run(10)
        taken_bytes = 0
        for number in range(1, triggers + 1):
            site.fire(2 * number - 1)
            site.fire(2 * number)
            site.run(2)
            site.assert_rings_hold_no_more_than_they_may()
            if number == triggers // 10:
                taken_bytes = memory_bytes()
        site.run(12)
        assert memory_bytes() - taken_bytes < MEMORY_BYTES
        for recorder in site.recorders.values():
            assert recorder.announcer.of(CameraLost) + recorder.announcer.of(ClipFailed) == []
            assert recorder.filming.figures.camera.starts == 1
    site.assert_each_event_has_its_video(events=2 * triggers)
    for camera in site.recorders:
        assert_an_hour_of_videos(site.database, camera, policy)


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
    recorder = site.recorders[camera_of(number)]
    stored = recorder.filming.figures.stored_clips
    site.fire(number)
    while recorder.filming.figures.stored_clips == stored:
        recorder.step(0.004)
        assert len(children()) <= 1, "the camera has two owners"
    assert children() == []


def test_five_hundred_clips_leave_nothing_behind(clock: SystemClock, folder: Path) -> None:
    """Cameras off in between: no descriptor, thread or process more, one owner at any time."""
    policy = RecordingPolicy(pre_roll_s=0, duration_s=0.004, max_duration_s=0.004)
    sources = {number: brief_camera(clock, folder) for number in RING_BYTES}
    open_files: set[int] = set()
    taken_bytes = 0
    with (
        ThreadPoolExecutor(1) as entrance,
        ThreadPoolExecutor(1) as garden,
        recording(
            clock, folder, sources, events=CLIPS, mode=CameraMode.ON_DEMAND, policy=policy
        ) as site,
    ):
        for number in range(1, CLIPS, 2):
            filmed = [entrance.submit(film_one_more, site, number)]
            filmed.append(garden.submit(film_one_more, site, number + 1))
            for one in wait(filmed).done:
                one.result()
            open_files.add(descriptors())
            if number == CLIPS // 10 + 1:
                taken_bytes = memory_bytes()
        assert memory_bytes() - taken_bytes < MEMORY_BYTES
        for recorder in site.recorders.values():
            figures = recorder.filming.figures
            assert (figures.camera.starts, figures.camera.failures) == (CLIPS / 2, 0)
            assert len(recorder.announcer.of(ClipStored)) == CLIPS / 2
    assert len(open_files) == 1
    site.assert_each_event_has_its_video(events=CLIPS)
    assert [path for path in (folder / "spool").rglob("*") if path.is_file()] == []
