"""`/api/events`: bridges post, pages list (spec, sections 2 and 5)."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from surveil_adapters.web.alert_hub import AlertHub
from surveil_adapters.web.views import AcceptedView, EventsView, event_view
from surveil_core.messages import MAX_BODY_BYTES
from surveil_core.notices import RequestAnswered
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.archive import Archive
from surveil_core.services.ingest import Ingested, IngestService

MAX_ROW_ID = 2**63 - 1
"""SQLite's greatest; a greater number can name nothing."""

Cursor = Annotated[
    int | None,
    Parameter(ge=0, le=MAX_ROW_ID, description="List what was stored behind this, oldest first."),
]
Limit = Annotated[int, Parameter(ge=1, le=500, description="List at most this many.")]


def list_events_route(archive: Archive) -> HTTPRouteHandler:
    """Make `GET /api/events`."""

    @get("/api/events", sync_to_thread=True, summary="List events")
    def list_events(after: Cursor = None, limit: Limit = 100) -> EventsView:
        """List events: the newest first, or with `after` those behind it, oldest first."""
        records = archive.list_events(after=after, limit=limit)
        return EventsView(events=[event_view(record) for record in records])

    return list_events


def post_event_route(
    ingest: IngestService, hub: AlertHub, announcer: Announcer, service: str
) -> HTTPRouteHandler:
    """Make `POST /api/events`.

    The store blocks until the disk has the event, so that happens in a worker thread, and
    the alert leaves from there as soon as it returns.
    """

    def take(body: bytes) -> Ingested:
        ingested = ingest.ingest(body)
        announcer.announce(
            RequestAnswered(
                service=service,
                status=ingested.status,
                alert_type=ingested.alert.type,
                device_id=ingested.alert.device_id,
                event_id=ingested.alert.event_id,
            )
        )
        if ingested.status == HTTPStatus.CREATED:
            hub.emit(ingested.alert)
        return ingested

    @post(
        "/api/events",
        request_max_body_size=MAX_BODY_BYTES,
        summary="Store an event and alert the browsers",
        responses={HTTPStatus.OK: ResponseSpec(AcceptedView, description="Known already")},
    )
    async def post_event(request: Request[Any, Any, Any]) -> Response[AcceptedView]:
        """Take `{"type", "device_id", "details"}`, stored once by device and event id."""
        ingested = await asyncio.to_thread(take, await request.body())
        return Response(
            AcceptedView(
                event_id=ingested.alert.event_id,
                cursor=ingested.cursor,
                status="new" if ingested.status == HTTPStatus.CREATED else "known",
            ),
            status_code=ingested.status,
        )

    return post_event
