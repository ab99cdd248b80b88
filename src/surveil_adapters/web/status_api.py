"""`/api/devices`, `/healthz` and `/metrics`."""

from collections.abc import Callable, Sequence
from http import HTTPStatus

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from surveil_adapters.web.views import DevicesView, DeviceView, HealthView
from surveil_core.errors import StoreUnavailable
from surveil_core.ports.archive import Archive


def metrics_route(metrics: Callable[[], bytes]) -> HTTPRouteHandler:
    """Make the route that Prometheus scrapes."""

    @get(
        "/metrics",
        sync_to_thread=True,
        media_type="text/plain; version=0.0.4; charset=utf-8",
        summary="Count what the bridge carried and the camera filmed",
    )
    def tell_metrics() -> bytes:
        """Count as of now; empty where neither bridge nor camera runs.

        `surveil_file_readable` is 0 for a file whose counters cannot be had now.
        """
        return metrics()

    return tell_metrics


def status_routes(
    archive: Archive, devices: Sequence[DeviceView], *, can_pin: bool
) -> list[HTTPRouteHandler]:
    """Make the routes that say what is here and whether it works."""

    @get("/api/devices", sync_to_thread=False, summary="List devices")
    def list_devices() -> DevicesView:
        """List the devices of the configuration, and say what can be done here."""
        return DevicesView(devices=devices, can_pin=can_pin)

    @get(
        "/healthz",
        sync_to_thread=True,
        summary="Tell whether it works",
        responses={HTTPStatus.SERVICE_UNAVAILABLE: ResponseSpec(HealthView, description="Not now")},
    )
    def tell_health() -> Response[HealthView]:
        """Read the store once: `200` if that works, else `503` and why not."""
        try:
            archive.list_events(after=None, limit=1)
        except StoreUnavailable as error:
            return Response(
                HealthView(status=str(error)), status_code=HTTPStatus.SERVICE_UNAVAILABLE
            )
        return Response(HealthView(status="ok"))

    return [list_devices, tell_health]
