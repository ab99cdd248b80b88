"""The Pi's services, each opened from its settings and closed in reverse.

This is the edge's composition root: the only place that knows which adapter stands
behind which port.
"""

import os
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property, partial

from attrs import define

from apps.edge import greetings
from apps.edge.config import EdgeSettings
from apps.edge.greetings import ReadyAnnouncer
from apps.edge.loops import Service, Step, beat
from apps.edge.replay import replaying
from apps.settings import check_certificates, read_secret
from surveil_adapters.camera import CameraChain, candidates_for
from surveil_adapters.clock import SystemClock
from surveil_adapters.gpio.gpiozero_sensors import GpiozeroSensors
from surveil_adapters.http import HttpBackend
from surveil_adapters.mqtt import BrokerAddress, PahoInbox, PahoPublisher
from surveil_adapters.queues import ThreadTriggerQueue
from surveil_adapters.simulation.board import SimulatedBoard
from surveil_adapters.simulation.control import SOCKET_NAME, ControlServer
from surveil_adapters.simulation.sensors import SimulatedSensors
from surveil_adapters.spool import DiskSpool
from surveil_adapters.sqlite import (
    SqliteArchive,
    SqliteEventStore,
    SqliteMediaStore,
    SurveillanceDb,
)
from surveil_adapters.web import AlertHub, DeviceView, WebServer, build_app
from surveil_core import notices
from surveil_core.events import SensorKind
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.sensors import Sensors, SensorSpec
from surveil_core.services.alerting import AlertingService
from surveil_core.services.bridging import BridgingService
from surveil_core.services.filming import FilmingService
from surveil_core.services.sensing import SensingService
from surveil_core.services.surveillance import SurveillanceService
from surveil_core.vocabulary import (
    ALERT_TYPE_BY_EVENT_TYPE,
    SENSOR_TOPICS,
    bridge_client_id,
    sensor_client_id,
    surveillance_client_id,
    web_client_id,
)

SENSOR_SERVICES = {f"sensor-{kind}": kind for kind in SensorKind}
SERVICE_NAMES = ("sensor", *SENSOR_SERVICES, "bridge", "surveillance", "web")


@define(kw_only=True, slots=False)
class EdgeServices:
    """Makes services by name; what they share in one process lives here."""

    settings: EdgeSettings
    stop: threading.Event
    announcer: Announcer

    def verify(self) -> None:
        """Raise `ConfigurationError` for what settings alone cannot show: files, camera names."""
        _ = self._broker, self._filming
        if self.is_simulated:
            _ = self.board
        read_secret(self.settings.bridge.token_file, "bridge.token_file")

    def named(self, names: list[str]) -> dict[str, Service]:
        """Make the services of `names`, `sensor` standing for all configured kinds.

        The camera's loop comes with `surveillance`, the socket that presses simulated
        sensors with the sensors.
        """
        services: dict[str, Service] = {}
        for name in names:
            if name == "sensor":
                services |= self._sensing_services(self._configured_kinds())
            elif name in SENSOR_SERVICES:
                services |= self._sensing_services({SENSOR_SERVICES[name]})
            elif name == "surveillance":
                services |= {"surveillance": self.surveillance, "camera": self.camera}
            else:
                services[name] = {"bridge": self.bridge, "web": self.web}[name]
        return services

    def _sensing_services(self, kinds: set[SensorKind]) -> dict[str, Service]:
        services: dict[str, Service] = {
            name: partial(self.sensing, kind)
            for name, kind in SENSOR_SERVICES.items()
            if kind in kinds
        }
        if self.is_simulated:
            services["simulation"] = self.simulation
        if self.settings.gpio.trace:
            services["trace"] = lambda: replaying(self.settings, self.board, self.clock)
        return services

    @property
    def is_simulated(self) -> bool:
        """Whether the sensors have no real pins."""
        return self.settings.gpio.backend == "simulated"

    @cached_property
    def clock(self) -> SystemClock:
        """The clock whose waits end when the program is asked to stop."""
        return SystemClock(self.stop, on_wait=beat)

    @cached_property
    def board(self) -> SimulatedBoard:
        """The simulated lines, shared by the sensor services of this process."""
        return SimulatedBoard(sensors=self.settings.sensors, clock=self.clock)

    def _configured_kinds(self) -> set[SensorKind]:
        return {sensor.kind for sensor in self.settings.sensors}

    # --- the services -------------------------------------------------------------

    @contextmanager
    def sensing(self, kind: SensorKind) -> Iterator[Step]:
        """Watch the lines of one kind and publish (spec, section 1)."""
        service = f"sensor-{kind}"
        specs = [sensor for sensor in self.settings.sensors if sensor.kind is kind]
        with ExitStack() as stack:
            publisher = stack.enter_context(closing(self._publisher(service, kind)))
            sensors = stack.enter_context(closing(self._sensors(specs, service)))
            sensing = SensingService(
                service=service,
                device_id=self.settings.device.id,
                sensors=sensors,
                publisher=publisher,
                clock=self.clock,
                announcer=self.announcer,
                random_bytes=os.urandom,
                random_unit=random.random,
            )
            for spec in specs:
                self.announcer.announce(
                    greetings.sensor_starting(service, spec, simulated=self.is_simulated)
                )
            publisher.open()
            sensors.open()
            for spec in specs:
                sensing.start_warm_up(spec)
                self.announcer.announce(
                    notices.SensorReady(service=service, kind=kind, sensor_name=spec.name)
                )
            yield sensing.step

    @contextmanager
    def simulation(self) -> Iterator[Step]:
        """Let other processes press the simulated sensors."""
        path = self.settings.storage.data_dir / SOCKET_NAME
        with closing(ControlServer(path=path, board=self.board)) as control:
            control.open()
            yield control.step

    @contextmanager
    def bridge(self) -> Iterator[Step]:
        """Carry events to the backend (spec, section 2)."""
        settings = self.settings.bridge
        token = read_secret(settings.token_file, "bridge.token_file")
        with (
            closing(
                self._inbox(
                    "bridge",
                    bridge_client_id(self.settings.device.id),
                    ready=notices.BridgeReady(service="bridge"),
                )
            ) as inbox,
            closing(HttpBackend(url=settings.backend_url, token=token)) as backend,
        ):
            bridging = BridgingService(
                inbox=inbox,
                backend=backend,
                clock=self.clock,
                announcer=self.announcer,
                random_unit=random.random,
            )
            self.announcer.announce(
                notices.BridgeStarting(
                    service="bridge", topics=SENSOR_TOPICS, backend_url=backend.url
                )
            )
            inbox.open()
            yield bridging.step

    @contextmanager
    def surveillance(self) -> Iterator[Step]:
        """Store events and ask for clips (spec, section 3)."""
        client_id = surveillance_client_id(self.settings.device.id)
        for notice in greetings.surveillance_starting(self.settings):
            self.announcer.announce(notice)
        self._database.initialise()
        self.announcer.announce(notices.DatabaseReady(service="surveillance"))
        with (
            closing(SqliteEventStore(self._database)) as store,
            closing(
                self._inbox(
                    "surveillance",
                    client_id,
                    ready=notices.SurveillanceReady(service="surveillance"),
                )
            ) as inbox,
        ):
            surveillance = SurveillanceService(
                inbox=inbox,
                store=store,
                recorder=self._filming,
                clock=self.clock,
                announcer=self.announcer,
                random_unit=random.random,
            )
            inbox.open()
            yield surveillance.step

    @contextmanager
    def camera(self) -> Iterator[Step]:
        """Film what surveillance asks for."""
        filming = self._filming
        with closing(SqliteMediaStore(self._database)) as filming.store, closing(filming):
            yield filming.step

    @contextmanager
    def web(self) -> Iterator[Step]:
        """Serve the Pi's own page, alerted by MQTT."""
        settings = self.settings
        self._database.initialise()
        hub = AlertHub(announcer=self.announcer, service="web")
        app = build_app(
            archive=SqliteArchive(settings.storage.database),
            hub=hub,
            announcer=self.announcer,
            devices=[self._device_view()],
            allowed_hosts=settings.web.allowed_hosts,
            service="web",
        )
        with (
            WebServer(
                app,
                host=settings.web.host,
                port=settings.web.port,
                announcer=self.announcer,
                service="web",
            ) as server,
            closing(self._inbox("web", web_client_id(settings.device.id), lasting=False)) as inbox,
        ):
            alerting = AlertingService(
                inbox=inbox,
                sink=hub,
                clock=self.clock,
                announcer=self.announcer,
                location_by_device={settings.device.id: settings.device.location},
            )
            inbox.open()

            def step(timeout_s: float) -> None:
                alerting.step(timeout_s)
                if not server.is_alive():
                    raise RuntimeError("the web server has ended")

            yield step

    # --- their parts --------------------------------------------------------------

    @cached_property
    def _database(self) -> SurveillanceDb:
        return SurveillanceDb(
            path=self.settings.storage.database,
            sensors=self.settings.sensors,
            camera_name=self.settings.camera.name,
        )

    @cached_property
    def _filming(self) -> FilmingService:
        """Shared: `surveillance` asks it for clips, `camera` makes them."""
        settings = self.settings
        return FilmingService(
            source=CameraChain(
                candidates_for(settings.camera.source, settings.camera.format, self.clock),
                announcer=self.announcer,
                clock=self.clock,
                service="surveillance",
            ),
            spool=DiskSpool(settings.storage.data_dir / "spool"),
            store=SqliteMediaStore(self._database),
            triggers=ThreadTriggerQueue(),
            policy=settings.recording.policy,
            mode=settings.camera.mode,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=random.random,
        )

    @cached_property
    def _broker(self) -> BrokerAddress:
        mqtt = self.settings.mqtt
        check_certificates(mqtt.ca_file, "mqtt.ca_file")
        return BrokerAddress(
            host=mqtt.host,
            port=mqtt.port,
            username=mqtt.username,
            password=read_secret(mqtt.password_file, "mqtt.password_file"),
            ca_file=mqtt.ca_file,
        )

    def _inbox(
        self,
        service: str,
        client_id: str,
        *,
        ready: notices.Notice | None = None,
        lasting: bool = True,
    ) -> PahoInbox:
        """Make an inbox; `ready` is said after its first subscription, as in the spec."""
        return PahoInbox(
            address=self._broker,
            client_id=client_id,
            topics=SENSOR_TOPICS,
            service=service,
            announcer=ReadyAnnouncer(self.announcer, ready),
            clean_session=not lasting,
        )

    def _publisher(self, service: str, kind: SensorKind) -> PahoPublisher:
        return PahoPublisher(
            address=self._broker,
            client_id=sensor_client_id(kind, self.settings.device.id),
            service=service,
            announcer=self.announcer,
        )

    def _sensors(self, specs: list[SensorSpec], service: str) -> Sensors:
        if self.is_simulated:
            return SimulatedSensors(
                board=self.board, sensors=specs, service=service, announcer=self.announcer
            )
        return GpiozeroSensors(
            sensors=specs, clock=self.clock, service=service, announcer=self.announcer
        )

    def _device_view(self) -> DeviceView:
        recording = self.settings.recording.policy
        return DeviceView(
            device_id=self.settings.device.id,
            location=self.settings.device.location,
            recorded_types=[ALERT_TYPE_BY_EVENT_TYPE[t] for t in recording.recorded_types],
            video_within_s=recording.max_duration_s + 10,
        )
