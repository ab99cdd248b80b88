"""The camera, and the way of a clip into the database.

Imported only where something is filmed: a bridge alone must not carry the camera's libraries.
"""

import random

from attrs import frozen

from apps.edge.config import EdgeSettings
from surveil_adapters.camera import CameraChain, candidates_for
from surveil_adapters.previews import PyavPreviewer
from surveil_adapters.queues import ThreadTriggerQueue
from surveil_adapters.spool import DiskSpool
from surveil_adapters.sqlite.clip_jobs import SqliteClipJobs
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.clock import Clock
from surveil_core.services.filming import FilmingService
from surveil_core.services.held_camera import HeldCamera
from surveil_core.services.resuming import ClipResuming
from surveil_core.services.storing import ClipStoring


@frozen(kw_only=True)
class FilmingParts:
    """Puts the filming service of a process together."""

    settings: EdgeSettings
    database: SurveillanceDb
    clock: Clock
    announcer: Announcer

    def service(self) -> FilmingService:
        """Make it. Opens nothing; raises `ConfigurationError` for the camera's names."""
        spool = DiskSpool(self.settings.storage.data_dir / "spool")
        jobs = SqliteClipJobs(self.database)
        storing = self._storing(jobs)
        return FilmingService(
            camera=self._camera(),
            spool=spool,
            storing=storing,
            resuming=self._resuming(spool, jobs, storing),
            triggers=ThreadTriggerQueue(),
            policy=self.settings.recording.policy,
            mode=self.settings.camera.mode,
            clock=self.clock,
            announcer=self.announcer,
        )

    def _camera(self) -> HeldCamera:
        camera = self.settings.camera
        chain = CameraChain(
            candidates_for(camera.source, camera.format, self.clock),
            announcer=self.announcer,
            clock=self.clock,
            service="surveillance",
        )
        return HeldCamera(
            source=chain,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=random.random,
        )

    def _storing(self, jobs: SqliteClipJobs) -> ClipStoring:
        return ClipStoring(
            store=SqliteMediaStore(self.database),
            jobs=jobs,
            previewer=PyavPreviewer(),
            clock=self.clock,
            announcer=self.announcer,
            random_unit=random.random,
        )

    def _resuming(
        self, spool: DiskSpool, jobs: SqliteClipJobs, storing: ClipStoring
    ) -> ClipResuming:
        return ClipResuming(
            spool=spool,
            jobs=jobs,
            storing=storing,
            policy=self.settings.recording.policy,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=random.random,
        )
