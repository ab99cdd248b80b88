"""One ASGI application, two compositions.

backend   takes events over HTTP (`ingest` is given) and keeps them in its own store
Pi        is told of events over MQTT (`AlertingService` emits into the hub) and shows what
          its surveillance service stored; there videos can be pinned (`pins` is given)

Outermost is the guard, then Socket.IO, then the HTTP API and the page.
"""

from collections.abc import Callable, Collection, Sequence

from litestar import Litestar
from litestar.types import ASGIApp

from surveil_adapters.web.alert_hub import AlertHub
from surveil_adapters.web.docs_page import docs_config
from surveil_adapters.web.events_api import list_events_route, post_event_routes
from surveil_adapters.web.guard import Guard
from surveil_adapters.web.media_api import media_routes
from surveil_adapters.web.page_files import page_route
from surveil_adapters.web.pins_api import pin_routes
from surveil_adapters.web.previews_api import preview_routes
from surveil_adapters.web.refusals import Refusals
from surveil_adapters.web.status_api import metrics_route, status_routes
from surveil_adapters.web.views import DeviceView
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.archive import Archive
from surveil_core.ports.pins import Pins
from surveil_core.services.ingest import IngestService


def build_app(
    *,
    archive: Archive,
    hub: AlertHub,
    announcer: Announcer,
    ingest: IngestService | None = None,
    pins: Pins | None = None,
    metrics: Callable[[], bytes] | None = None,
    devices: Sequence[DeviceView] = (),
    allowed_hosts: Collection[str] = (),
    service: str = "backend",
) -> ASGIApp:
    """Put the application together; nothing is opened before a server runs it.

    `allowed_hosts` are the names, without port, by which it may be called besides
    localhost and any address, such as `backend` or `surveil.example.org`.
    """
    handlers = [
        list_events_route(archive),
        *media_routes(archive),
        *preview_routes(archive),
        *status_routes(archive, devices, can_pin=pins is not None),
        page_route(),
    ]
    if ingest is not None:
        handlers.extend(post_event_routes(ingest, hub, announcer, service))
    if pins is not None:
        handlers.extend(pin_routes(pins))
    if metrics is not None:
        handlers.append(metrics_route(metrics))
    app = Litestar(
        route_handlers=handlers,
        lifespan=[hub.running],
        openapi_config=docs_config(),
        exception_handlers=Refusals(announcer=announcer, service=service).handlers(),
        logging_config=None,
    )
    names = frozenset(name.lower() for name in allowed_hosts)
    return Guard(hub.wrap(app), names)
