"""The cameras, and the way of a clip into the database.

Imported only where something is filmed: a bridge alone must not carry the camera's libraries.
"""

import random
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from attrs import frozen

from apps.edge.config import Camera, EdgeSettings
from surveil_adapters.aside import ThreadAside
from surveil_adapters.camera import CameraChain, candidates_for, devices_of, redact_urls
from surveil_adapters.queues import ThreadTriggerQueue
from surveil_adapters.spool import DiskSpool
from surveil_adapters.sqlite.clip_jobs import SqliteClipJobs
from surveil_adapters.sqlite.file_media_store import FileMediaStore
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_adapters.sqlite.video_files import VideoFiles
from surveil_core.errors import ConfigurationError
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.clip_jobs import ClipJob
from surveil_core.ports.clock import Clock
from surveil_core.ports.media_store import MediaStore, VideoPlace
from surveil_core.services.assigning import CameraAssignment
from surveil_core.services.filming import FilmingService
from surveil_core.services.held_camera import HeldCamera
from surveil_core.services.resuming import ClipResuming
from surveil_core.services.storing import ClipStoring

_FOLDER_HEAD = "camera-"


@frozen(kw_only=True)
class FilmingParts:
    """Puts the filming service of camera `number` together."""

    settings: EdgeSettings
    number: int
    assignment: CameraAssignment
    database: SurveillanceDb
    clock: Clock
    announcer: Announcer

    def service(self) -> FilmingService:
        """Make it. Opens nothing.

        Raises `ConfigurationError` for the camera's names, and for a folder of videos that is
        on a disk of its own.
        """
        spool = DiskSpool(self._spool_folder(), deserted=self._deserted_folders)
        jobs = SqliteClipJobs(self.database)
        storing = self._storing(jobs)
        return FilmingService(
            camera=self._camera(),
            spool=spool,
            storing=storing,
            resuming=self._resuming(spool, jobs, storing),
            aside=ThreadAside(f"storing-{self.number}"),
            triggers=ThreadTriggerQueue(),
            policy=self.settings.recording.policy,
            mode=self._settings_of_camera().mode,
            max_ring_bytes=self.settings.recording.max_ring_bytes,
            clock=self.clock,
            announcer=self.announcer,
        )

    def _settings_of_camera(self) -> Camera:
        return self.settings.cameras[self.number - 1]

    def _spool_folder(self) -> Path:
        """Give each camera its own; the first one's is where a single camera's has always been."""
        folder = self.settings.storage.spool
        return folder if self.number == 1 else folder / f"{_FOLDER_HEAD}{self.number}"

    def _deserted_folders(self) -> list[Path]:
        """Name the spools of cameras that were taken out: theirs are events of no camera now."""
        if self.number != self.assignment.other:
            return []
        return [
            folder
            for folder in sorted(self.settings.storage.spool.glob(f"{_FOLDER_HEAD}*"))
            if (number := folder.name.removeprefix(_FOLDER_HEAD)).isdecimal()
            and int(number) > len(self.settings.cameras)
        ]

    def _camera(self) -> HeldCamera:
        camera = self._settings_of_camera()
        chain = CameraChain(
            candidates_for(camera.source, camera.format, self.clock),
            announcer=self.announcer,
            clock=self.clock,
            service="surveillance",
        )
        return HeldCamera(
            number=self.number,
            source=chain,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=random.random,
        )

    def _storing(self, jobs: SqliteClipJobs) -> ClipStoring:
        return ClipStoring(
            store=media_store(self.settings, self.database),
            jobs=jobs,
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
            is_mine=self._is_mine,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=random.random,
        )

    def _is_mine(self, job: ClipJob) -> bool:
        """Say whether this camera films for the sensor: pins of other devices mean nothing here."""
        pin = job.gpio_pin if job.device_id == self.settings.device.id else None
        return self.assignment.camera_for(pin) == self.number


def media_store(settings: EdgeSettings, database: SurveillanceDb) -> MediaStore:
    """Make what stores clips, where the settings want them.

    Raises `ConfigurationError` for a folder of videos that is on a disk of its own.
    """
    if settings.storage.videos is VideoPlace.DATABASE:
        return SqliteMediaStore(database)
    VideoFiles.beside(database.path).check_disk()
    return FileMediaStore(database)


def check_owners(cameras: Sequence[Camera]) -> None:
    """Raise `ConfigurationError` when two cameras would open the same device."""
    for (one, earlier), (other, later) in combinations(enumerate(cameras, start=1), 2):
        shared = devices_of(earlier.source) & devices_of(later.source)
        if shared:
            raise ConfigurationError(
                f"cameras: camera {one} ({redact_urls(earlier.source)}) and camera {other} "
                f"({redact_urls(later.source)}) would both open {redact_urls(min(shared))}; "
                "a camera has one owner, so name another source"
            )
