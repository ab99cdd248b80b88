"""The filming service around a camera of a test's choice, on its own thread: the test's."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from surveil_adapters.aside import ThreadAside
from surveil_adapters.camera import CameraChain
from surveil_adapters.queues import ThreadTriggerQueue
from surveil_adapters.spool import DiskSpool
from surveil_core.events import EventType
from surveil_core.notices import ClipStored
from surveil_core.ports.camera import VideoSource
from surveil_core.ports.clip_jobs import ClipJobs
from surveil_core.ports.clock import Clock
from surveil_core.ports.media_store import MediaStore
from surveil_core.ports.recorder import Trigger
from surveil_core.recording import CameraMode, RecordingPolicy
from surveil_core.services.filming import FilmingService
from surveil_core.services.held_camera import HeldCamera
from surveil_core.services.resuming import ClipResuming
from surveil_core.services.storing import ClipStoring
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.clip_jobs import FakeClipJobs
from tests.fakes.media_store import FakeMediaStore

SHORT = RecordingPolicy(pre_roll_s=1, duration_s=2, max_duration_s=10)


class CopyingStore(FakeMediaStore):
    """Keeps the files of the clips that it is given."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def add_clip(self, clip, **stored_with) -> int:  # type: ignore[no-untyped-def]
        row_id = super().add_clip(clip, **stored_with)
        shutil.copy(clip.video_path, self.folder / f"{row_id}.mp4")
        return row_id


class Recorder:
    """A camera, a real spool and queue around the service.

    Unless a database is given, stored clips are copied into `folder`: `1.mp4`, `2.mp4`...
    Spools lie in there as the service's do: the first camera's in `spool`.
    """

    def __init__(
        self,
        clock: Clock,
        folder: Path,
        sources: Sequence[VideoSource],
        mode: CameraMode = CameraMode.STANDBY,
        *,
        policy: RecordingPolicy = SHORT,
        database: tuple[MediaStore, ClipJobs] | None = None,
        max_ring_bytes: int = 16 * 1024 * 1024,
        camera_number: int = 1,
    ) -> None:
        self.announcer = RecordingAnnouncer()
        self.clock = clock
        self.store = CopyingStore(folder)
        store, jobs = database or (self.store, FakeClipJobs())
        spool = DiskSpool(
            folder / "spool" / (f"camera-{camera_number}" if camera_number > 1 else "")
        )
        storing = ClipStoring(
            store=store,
            jobs=jobs,
            clock=clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )
        self.filming = FilmingService(
            camera=HeldCamera(
                number=camera_number,
                source=CameraChain(sources, announcer=self.announcer, clock=clock),
                clock=clock,
                announcer=self.announcer,
                random_unit=lambda: 0.0,
            ),
            spool=spool,
            storing=storing,
            aside=ThreadAside("storing"),
            resuming=ClipResuming(
                spool=spool,
                jobs=jobs,
                storing=storing,
                policy=policy,
                clock=clock,
                announcer=self.announcer,
                random_unit=lambda: 0.0,
            ),
            triggers=ThreadTriggerQueue(),
            clock=clock,
            announcer=self.announcer,
            policy=policy,
            mode=mode,
            max_ring_bytes=max_ring_bytes,
        )
        self.filming.open()

    def run(self, duration_s: float) -> None:
        """Film for a while."""
        until_s = self.clock.monotonic_s() + duration_s
        while self.clock.monotonic_s() < until_s:
            self.step()

    def run_until_stored(self, clips: int, *, within_s: float = 15.0) -> None:
        """Film until so many clips are stored."""
        deadline_s = self.clock.monotonic_s() + within_s
        while len(self.announcer.of(ClipStored)) < clips:
            self.step()
            assert self.clock.monotonic_s() < deadline_s, self.announcer.notices

    def step(self, timeout_s: float = 0.1) -> None:
        """Deal with one picture."""
        self.filming.step(timeout_s)

    def fire(self, number: int) -> Trigger:
        """Let event `evt-<number>`, whose row has that number, happen now."""
        trigger = Trigger(
            event_row_id=number,
            event_id=f"evt-{number}",
            event_type=EventType.MOTION_DETECTED,
            at_s=self.clock.monotonic_s(),
        )
        self.filming.trigger(trigger)
        return trigger
