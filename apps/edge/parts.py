"""What the Pi's services are made of: each port with the adapter that stands behind it.

With `services`, this is the edge's composition root: the only place that knows which
adapter is which. What the services of one process share lives here.

Adapters, and all that only filming needs, are imported where they are made: a bridge alone
must not carry the web server and the camera (20 MB instead of 75).
"""

import random
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field

from apps.edge.cameras import assign
from apps.edge.config import EdgeSettings
from apps.edge.greetings import ReadyAnnouncer
from apps.edge.loops import beat
from apps.settings import check_certificates, read_secret
from surveil_adapters.clock import SystemClock
from surveil_core import notices
from surveil_core.errors import ConfigurationError, StoreUnavailable
from surveil_core.events import SensorKind
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.dead_letters import DeadLetters
from surveil_core.ports.journal import Journal
from surveil_core.ports.media_store import VideoPlace
from surveil_core.ports.sensors import Sensors, SensorSpec
from surveil_core.ports.wakeup import Wakeup
from surveil_core.services.assigning import CameraAssignment
from surveil_core.services.counting import FileCounting
from surveil_core.services.journaling import EventJournal
from surveil_core.vocabulary import SENSOR_TOPICS, sensor_client_id

if TYPE_CHECKING:
    from surveil_adapters.mqtt import BrokerAddress, PahoInbox, PahoPublisher
    from surveil_adapters.simulation.board import SimulatedBoard
    from surveil_adapters.sqlite.archive import SqliteArchive
    from surveil_adapters.sqlite.inspection import SqliteInspection
    from surveil_adapters.sqlite.journal import SqliteJournal
    from surveil_adapters.sqlite.outbox import SqliteOutbox
    from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
    from surveil_adapters.sqlite.video_stock import SqliteVideoStock
    from surveil_core.ports.video_stock import VideoStock
    from surveil_core.services.checking import ClipChecking
    from surveil_core.services.filming import FilmingService
    from surveil_core.services.retaining import Retaining


@define(kw_only=True, slots=False)
class EdgeParts:
    """Makes parts from settings; the cached ones are shared by the services of the process."""

    settings: EdgeSettings
    stop: threading.Event
    announcer: Announcer
    file_counting: FileCounting = field(init=False, repr=False)
    _retaining_turn: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    @file_counting.default
    def _none_counted(self) -> FileCounting:
        return FileCounting(announcer=self.announcer, turn=threading.Lock())

    def verify(self, names: Collection[str]) -> None:
        """Raise `ConfigurationError` for what settings alone cannot show: files, camera names.

        Only what the services of `names` need is looked at.
        """
        _ = self.broker
        if self.is_simulated and any(name.startswith("sensor") for name in names):
            _ = self.board
        if "surveillance" in names:
            _ = self.filmings
        if "bridge" in names:
            read_secret(self.settings.bridge.token_file, "bridge.token_file")

    @property
    def is_simulated(self) -> bool:
        """Whether the sensors have no real pins."""
        return self.settings.gpio.backend == "simulated"

    @cached_property
    def clock(self) -> SystemClock:
        """The clock whose waits end when the program is asked to stop."""
        return SystemClock(self.stop, on_wait=beat)

    @cached_property
    def board(self) -> "SimulatedBoard":
        """The simulated lines, shared by the sensor services of this process."""
        from surveil_adapters.simulation.board import SimulatedBoard

        return SimulatedBoard(sensors=self.settings.sensors, clock=self.clock)

    @cached_property
    def database(self) -> "SurveillanceDb":
        """The database of the spec."""
        from surveil_adapters.sqlite.surveillance_db import SurveillanceDb

        return SurveillanceDb(
            path=self.settings.storage.database,
            sensors=self.settings.sensors,
            camera_names=tuple(camera.name for camera in self.settings.cameras),
        )

    @property
    def is_filming(self) -> bool:
        """Whether this process has filming services, which are made when first asked for."""
        return "filmings" in vars(self)

    @cached_property
    def filmings(self) -> "Mapping[int, FilmingService]":
        """By the camera's number. Shared: `surveillance` asks for clips, the cameras make them.

        Raises `ConfigurationError` for what is wrong with the cameras.
        """
        from apps.edge.filming import FilmingParts, check_owners

        check_owners(self.settings.cameras)
        return {
            number: FilmingParts(
                settings=self.settings,
                number=number,
                assignment=self.assignment,
                database=self.database,
                clock=self.clock,
                announcer=self.announcer,
            ).service()
            for number in range(1, len(self.settings.cameras) + 1)
        }

    @property
    def assignment(self) -> CameraAssignment:
        """Say which camera films which sensor. Raises `ConfigurationError`."""
        names_by_camera = [camera.sensors for camera in self.settings.cameras]
        return assign(self.settings.sensors, names_by_camera)

    @cached_property
    def broker(self) -> "BrokerAddress":
        """Where the broker is, and how to be let in."""
        from surveil_adapters.mqtt import BrokerAddress

        mqtt = self.settings.mqtt
        check_certificates(mqtt.ca_file, "mqtt.ca_file")
        return BrokerAddress(
            host=mqtt.host,
            port=mqtt.port,
            username=mqtt.username,
            password=read_secret(mqtt.password_file, "mqtt.password_file"),
            ca_file=mqtt.ca_file,
        )

    def inbox(
        self,
        service: str,
        client_id: str,
        *,
        ready: notices.Notice | None = None,
        lasting: bool = True,
        wakeup: Wakeup | None = None,
    ) -> "PahoInbox":
        """Make an inbox; `ready` is said after its first subscription, as in the spec."""
        from surveil_adapters.mqtt import PahoInbox

        return PahoInbox(
            address=self.broker,
            client_id=client_id,
            topics=SENSOR_TOPICS,
            service=service,
            announcer=ReadyAnnouncer(self.announcer, ready),
            clean_session=not lasting,
            wakeup=wakeup,
        )

    def publisher(self, service: str, kind: SensorKind) -> "PahoPublisher":
        """Make what publishes the events of a kind."""
        from surveil_adapters.mqtt import PahoPublisher

        return PahoPublisher(
            address=self.broker,
            client_id=sensor_client_id(kind, self.settings.device.id),
            service=service,
            announcer=self.announcer,
        )

    def journal(self, service: str) -> "SqliteJournal":
        """Make the file where a sensor service keeps its events until the broker has them."""
        from surveil_adapters.sqlite.journal import SqliteJournal

        return SqliteJournal(self._journal_folder / f"{service}.db")

    @property
    def _journal_folder(self) -> Path:
        return self.settings.storage.data_dir / "journal"

    def has_journal(self, kind: SensorKind) -> bool:
        """Whether a sensor of this kind has left events behind."""
        journal = self.journal(f"sensor-{kind}")
        try:
            with closing(journal):
                return journal.path.exists() and bool(journal.read_after(0, limit=1))
        except (StoreUnavailable, ConfigurationError, OSError):
            return True  # its service will say what is wrong, and try again

    def event_journal(self, service: str, journal: Journal) -> EventJournal:
        """Put a quota on a journal."""
        return EventJournal(
            service=service,
            journal=journal,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=random.random,
            quota=self.settings.journal.quota,
        )

    def outbox(self) -> "SqliteOutbox":
        """Make the file where the bridge keeps events until the backend has them."""
        from surveil_adapters.sqlite.outbox import SqliteOutbox

        settings = self.settings
        return SqliteOutbox(
            settings.storage.outbox,
            max_bytes=settings.outbox.max_bytes,
            when_full=settings.outbox.when_full,
        )

    def metrics(self) -> bytes:
        """Count what this machine's sensors and bridge wrote down, and what this process filmed.

        A file that cannot be read now is named there, and told.
        """
        from apps.edge.metrics import EdgeMetrics

        metrics = EdgeMetrics(
            journal_folder=self._journal_folder,
            outbox_path=self.settings.storage.outbox,
            open_journal=self.journal,
            open_outbox=self.outbox,
            counting=self.file_counting,
        )
        filmings = self.filmings.values() if self.is_filming else ()
        return metrics.tell([filming.figures for filming in filmings])

    def dead_letters(self) -> Mapping[str, DeadLetters]:
        """Make the dead letters of each service whose file is on this machine."""
        from surveil_adapters.sqlite.event_store import event_letters
        from surveil_adapters.sqlite.outbox import outbox_letters

        storage = self.settings.storage
        letters: dict[str, DeadLetters] = {}
        if storage.outbox.exists():
            letters["bridge"] = outbox_letters(storage.outbox)
        if storage.database.exists():
            letters["surveillance"] = event_letters(self.database)
        return letters

    def archive(self) -> "SqliteArchive":
        """Make what reads the database of the spec."""
        from surveil_adapters.sqlite.archive import SqliteArchive

        return SqliteArchive(self.settings.storage.database)

    def video_stock(self) -> "SqliteVideoStock":
        """Make what pins and deletes videos."""
        from surveil_adapters.spool import spooled_bytes
        from surveil_adapters.sqlite.video_stock import SqliteVideoStock

        return SqliteVideoStock(self.database, partial(spooled_bytes, self.settings.storage.spool))

    def retaining(self, stock: "VideoStock", *, camera_number: int) -> "Retaining":
        """Make what keeps the disk from filling; one camera at a time looks and deletes."""
        from surveil_core.services.retaining import Retaining

        return Retaining(
            policy=self.settings.storage.retention,
            stock=stock,
            clock=self.clock,
            announcer=self.announcer,
            camera_number=camera_number,
            fills_hollow=self.settings.storage.videos is VideoPlace.DATABASE,
            turn=self._retaining_turn,
        )

    def inspection(self) -> "SqliteInspection":
        """Make what looks for damage in the database."""
        from surveil_adapters.sqlite.inspection import SqliteInspection

        return SqliteInspection(self.settings.storage.database)

    def clip_checking(self) -> "ClipChecking":
        """Make what checks stored clips one by one."""
        from surveil_adapters.video_meter import PyavVideoMeter
        from surveil_core.services.checking import ClipChecking

        return ClipChecking(inspection=self.inspection(), meter=PyavVideoMeter(self.archive()))

    def sensors(self, specs: Sequence[SensorSpec], service: str) -> Sensors:
        """Make the lines, real or simulated."""
        if self.is_simulated:
            from surveil_adapters.simulation.sensors import SimulatedSensors

            return SimulatedSensors(
                board=self.board, sensors=specs, service=service, announcer=self.announcer
            )
        from surveil_adapters.gpio.gpiozero_sensors import GpiozeroSensors

        return GpiozeroSensors(
            sensors=specs, clock=self.clock, service=service, announcer=self.announcer
        )
