"""The backend's composition root."""

import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from apps.backend.config import BackendSettings
from surveil_adapters.clock import SystemClock
from surveil_adapters.sqlite.alert_store import SqliteAlertStore
from surveil_adapters.web import AlertHub, DeviceView, WebServer, build_app
from surveil_core.ports.announcer import Announcer
from surveil_core.services.ingest import IngestService


@contextmanager
def backend(
    settings: BackendSettings, announcer: Announcer, stop: threading.Event
) -> Iterator[WebServer]:
    """Serve until left.

    Raises `ConfigurationError` when the port cannot be had, `StoreUnavailable` when the
    database cannot.
    """
    with closing(SqliteAlertStore(settings.storage.database)) as store:
        store.initialise()
        hub = AlertHub(announcer=announcer)
        app = build_app(
            archive=store,
            hub=hub,
            announcer=announcer,
            ingest=IngestService(
                store=store,
                clock=SystemClock(stop),
                random_bytes=os.urandom,
                location_by_device={d.id: d.location for d in settings.devices},
            ),
            devices=[DeviceView(device_id=d.id, location=d.location) for d in settings.devices],
            allowed_hosts=settings.web.allowed_hosts,
        )
        with WebServer(
            app, host=settings.web.host, port=settings.web.port, announcer=announcer
        ) as server:
            yield server
