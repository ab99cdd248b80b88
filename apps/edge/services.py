"""The Pi's services, each opened from its settings and closed in reverse.

With `parts`, this is the edge's composition root. What one service alone needs is imported
where it is made, so that the others do without.
"""

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial

from apps.edge import greetings
from apps.edge.loops import Service, Step
from apps.edge.parts import EdgeParts
from apps.edge.replay import replaying
from apps.settings import read_secret
from surveil_core import notices
from surveil_core.events import SensorKind
from surveil_core.vocabulary import (
    ALERT_TYPE_BY_EVENT_TYPE,
    SENSOR_TOPICS,
    bridge_client_id,
    surveillance_client_id,
    web_client_id,
)

SENSOR_SERVICES = {f"sensor-{kind}": kind for kind in SensorKind}
SERVICE_NAMES = ("sensor", *SENSOR_SERVICES, "bridge", "surveillance", "web")


class EdgeServices(EdgeParts):
    """Makes services by name."""

    def named(self, names: list[str]) -> dict[str, Service]:
        """Make the services of `names`, `sensor` standing for all configured kinds.

        The camera's loop comes with `surveillance`, the socket that presses simulated
        sensors with the sensors.
        """
        services: dict[str, Service] = {}
        for name in names:
            if name == "sensor":
                services |= self._sensing_services(self._kinds_at_work())
            elif name in SENSOR_SERVICES:
                services |= self._sensing_services({SENSOR_SERVICES[name]})
            elif name == "surveillance":
                services |= {"surveillance": self.surveillance, **self._camera_services()}
            else:
                services[name] = {"bridge": self.bridge, "web": self.web}[name]
        return services

    def _camera_services(self) -> dict[str, Service]:
        """Name the first camera's loop `camera`, the others' `camera-2` and so on."""
        return {
            "camera" if number == 1 else f"camera-{number}": partial(self.camera, number)
            for number in self.filmings
        }

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

    def _kinds_at_work(self) -> set[SensorKind]:
        """Name the kinds that are configured, and those that have left events behind."""
        configured = {sensor.kind for sensor in self.settings.sensors}
        return configured | set(filter(self.has_journal, set(SensorKind) - configured))

    # --- the services -------------------------------------------------------------

    @contextmanager
    def sensing(self, kind: SensorKind) -> Iterator[Step]:
        """Watch the lines of one kind and publish (spec, section 1)."""
        from surveil_core.services.publishing import JournalPublisher
        from surveil_core.services.sensing import SensingService

        service = f"sensor-{kind}"
        specs = [sensor for sensor in self.settings.sensors if sensor.kind is kind]
        with ExitStack() as stack:
            journal = stack.enter_context(closing(self.journal(service)))
            publisher = stack.enter_context(closing(self.publisher(service, kind)))
            sensors = stack.enter_context(closing(self.sensors(specs, service)))
            event_journal = stack.enter_context(closing(self.event_journal(service, journal)))
            sensing = SensingService(
                service=service,
                device_id=self.settings.device.id,
                specs=specs,
                sensors=sensors,
                journal=event_journal,
                outflow=JournalPublisher(
                    service=service,
                    journal=event_journal,
                    publisher=publisher,
                    clock=self.clock,
                    announcer=self.announcer,
                ),
                clock=self.clock,
                announcer=self.announcer,
                random_bytes=os.urandom,
                random_unit=random.random,
            )
            if not specs:
                left_over = self.has_journal(kind)
                self.announcer.announce(
                    notices.NoSensor(service=service, kind=kind, left_over=left_over)
                )
            for spec in specs:
                self.announcer.announce(
                    greetings.sensor_starting(service, spec, simulated=self.is_simulated)
                )
            publisher.open()
            yield sensing.step

    @contextmanager
    def simulation(self) -> Iterator[Step]:
        """Let other processes press the simulated sensors."""
        from surveil_adapters.simulation.control import SOCKET_NAME, ControlServer

        path = self.settings.storage.data_dir / SOCKET_NAME
        with closing(ControlServer(path=path, board=self.board)) as control:
            control.open()
            yield control.step

    @contextmanager
    def bridge(self) -> Iterator[Step]:
        """Carry events to the backend (spec, section 2)."""
        from surveil_adapters.http import HttpBackend
        from surveil_adapters.wakeup import ThreadWakeup
        from surveil_core.services.bridging import BridgingService
        from surveil_core.services.dispatching import Dispatcher

        settings = self.settings.bridge
        token = read_secret(settings.token_file, "bridge.token_file")
        wakeup = ThreadWakeup()
        with (
            closing(self.outbox()) as outbox,
            closing(HttpBackend(url=settings.backend_url, token=token, wakeup=wakeup)) as backend,
            closing(
                self.inbox(
                    "bridge",
                    bridge_client_id(self.settings.device.id),
                    ready=notices.BridgeReady(service="bridge"),
                    wakeup=wakeup,
                )
            ) as inbox,
        ):
            bridging = BridgingService(
                inbox=inbox,
                outbox=outbox,
                dispatcher=Dispatcher(
                    service="bridge",
                    outbox=outbox,
                    backend=backend,
                    clock=self.clock,
                    announcer=self.announcer,
                    random_unit=random.random,
                ),
                wakeup=wakeup,
                clock=self.clock,
                announcer=self.announcer,
                random_unit=random.random,
            )
            self.announcer.announce(
                notices.BridgeStarting(
                    service="bridge", topics=SENSOR_TOPICS, backend_url=backend.url
                )
            )
            bridging.start()
            inbox.open()
            with closing(bridging):
                yield bridging.step

    @contextmanager
    def surveillance(self) -> Iterator[Step]:
        """Store events and ask for clips (spec, section 3)."""
        from surveil_adapters.sqlite.event_store import SqliteEventStore
        from surveil_core.services.assigning import AssigningRecorder
        from surveil_core.services.surveillance import SurveillanceService

        client_id = surveillance_client_id(self.settings.device.id)
        self.announcer.announce(*greetings.surveillance_starting(self.settings))
        self.database.initialise()
        self.announcer.announce(notices.DatabaseReady(service="surveillance"))
        with (
            closing(SqliteEventStore(self.database)) as store,
            closing(
                self.inbox(
                    "surveillance",
                    client_id,
                    ready=notices.SurveillanceReady(service="surveillance"),
                )
            ) as inbox,
        ):
            surveillance = SurveillanceService(
                device_id=self.settings.device.id,
                inbox=inbox,
                store=store,
                recorder=AssigningRecorder(assignment=self.assignment, recorders=self.filmings),
                recorded_types=self.settings.recording.policy.recorded_types,
                clock=self.clock,
                announcer=self.announcer,
                random_unit=random.random,
            )
            inbox.open()
            yield surveillance.step

    @contextmanager
    def camera(self, number: int = 1) -> Iterator[Step]:
        """Film what surveillance asks of a camera, and first what an earlier run owed."""
        from apps.edge.filming import media_store

        filming = self.filmings[number]
        with (
            closing(self.video_stock()) as stock,
            closing(media_store(self.settings, self.database)) as filming.storing.store,
            closing(filming),
        ):
            retaining = self.retaining(stock, camera_number=number)
            filming.storing.make_room = retaining.make_room
            filming.open()

            def step(timeout_s: float) -> None:
                filming.step(timeout_s)
                if retaining.is_due:
                    filming.aside.do(retaining.step)

            yield step

    @contextmanager
    def web(self) -> Iterator[Step]:
        """Serve the Pi's own page, alerted by MQTT."""
        from surveil_adapters.sqlite.pins import SqlitePins
        from surveil_adapters.web import AlertHub, DeviceView, WebServer, build_app
        from surveil_core.services.alerting import AlertingService

        settings, policy = self.settings, self.settings.recording.policy
        self.database.initialise()
        hub = AlertHub(announcer=self.announcer, service="web")
        app = build_app(
            archive=self.archive(),
            pins=SqlitePins(self.database) if settings.web.takes_pins else None,
            hub=hub,
            announcer=self.announcer,
            metrics=self.metrics,
            devices=[
                DeviceView(
                    device_id=settings.device.id,
                    location=settings.device.location,
                    recorded_types=[ALERT_TYPE_BY_EVENT_TYPE[t] for t in policy.recorded_types],
                    video_within_s=policy.max_duration_s + 10,
                )
            ],
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
            closing(self.inbox("web", web_client_id(settings.device.id), lasting=False)) as inbox,
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
