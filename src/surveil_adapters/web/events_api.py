"""`/api/events`: bridges post, pages list (spec, sections 2 and 5)."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from attrs import frozen
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from surveil_adapters.web.alert_hub import AlertHub
from surveil_adapters.web.views import AcceptedView, EventsView, event_view
from surveil_core.bulk import MAX_BULK_BYTES, MAX_BULK_EVENTS
from surveil_core.errors import BadMessage
from surveil_core.messages import MAX_BODY_BYTES
from surveil_core.notices import RequestAnswered, RequestRefused
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.archive import Archive
from surveil_core.services.ingest import Ingested, IngestService

_BULK_OFFER = (b"surveil-bulk-limit", str(MAX_BULK_EVENTS).encode())

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


@frozen(kw_only=True)
class BulkTaken:
    """Of an event in a bulk: 201 stored, or 200 known already."""

    status: int
    event_id: str


@frozen(kw_only=True)
class BulkRefused:
    """Of an event in a bulk: 400 and why."""

    status: int
    reason: str


@frozen(kw_only=True)
class BulkView:
    """What became of each event of a bulk, in order."""

    results: Sequence[BulkTaken | BulkRefused]


def post_event_routes(
    ingest: IngestService, hub: AlertHub, announcer: Announcer, service: str
) -> Sequence[HTTPRouteHandler]:
    """Make `POST /api/events` and `POST /api/events/bulk`.

    The store blocks until the disk has the events, so that happens in a worker thread, and
    the alerts leave from there as soon as it returns. Bulks are read and stored one after
    the other, since each may take 160 MiB meanwhile (`MAX_BULK_BYTES`). Every answer,
    refusals too, says how many events the bulk route takes at once.
    """
    bulk_turn = asyncio.Semaphore(1)
    told = _Told(hub=hub, announcer=announcer, service=service)

    def take(body: bytes) -> Ingested:
        ingested = ingest.ingest(body)
        told.of_taken(ingested)
        return ingested

    def take_bulk(body: bytes) -> BulkView:
        return BulkView(results=[told.of(item) for item in ingest.ingest_many(body)])

    @post(
        "/api/events",
        request_max_body_size=MAX_BODY_BYTES,
        middleware=[_offering_bulk],
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

    @post(
        "/api/events/bulk",
        request_max_body_size=MAX_BULK_BYTES,
        middleware=[_offering_bulk],
        summary="Store many events at once, as a bridge does after an outage",
        status_code=HTTPStatus.OK,
    )
    async def post_bulk(request: Request[Any, Any, Any]) -> BulkView:
        """Take `{"events": [...]}`, each as for `POST /api/events` and answered in its place."""
        body = await request.body()  # before its turn, since a slow client may take long
        async with bulk_turn:
            return await asyncio.to_thread(take_bulk, body)

    return (post_event, post_bulk)


@frozen(kw_only=True)
class _Told:
    """Tells the owner's console, and browsers, what became of events."""

    hub: AlertHub
    announcer: Announcer
    service: str

    def of(self, item: Ingested | BadMessage) -> BulkTaken | BulkRefused:
        """Tell of an item of a bulk, and put it into the answer's form."""
        if isinstance(item, Ingested):
            self.of_taken(item)
            return BulkTaken(status=item.status, event_id=item.alert.event_id)
        status, reason = int(HTTPStatus.BAD_REQUEST), str(item)
        self.announcer.announce(RequestRefused(service=self.service, status=status, reason=reason))
        return BulkRefused(status=status, reason=reason)

    def of_taken(self, ingested: Ingested) -> None:
        """Tell of an event, and alert the browsers of a new one."""
        self.announcer.announce(
            RequestAnswered(
                service=self.service,
                status=ingested.status,
                alert_type=ingested.alert.type,
                device_id=ingested.alert.device_id,
                event_id=ingested.alert.event_id,
            )
        )
        if ingested.status == HTTPStatus.CREATED:
            self.hub.emit(ingested.alert)


def _offering_bulk(app: ASGIApp) -> ASGIApp:
    async def offer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_offer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], _BULK_OFFER]
            await send(message)

        await app(scope, receive, send_with_offer)

    return offer
