"""`/api/media`: the videos, listed and played."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from itertools import chain
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, head
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter
from litestar.response import Stream

from surveil_adapters.web.byte_range import ByteRange, RangeNotSatisfiable, maybe_byte_range
from surveil_adapters.web.events_api import MAX_ROW_ID, Limit
from surveil_adapters.web.video_stream import iterate_annex_b, iterate_chunks
from surveil_adapters.web.views import MediaListView, media_view
from surveil_core.events import MAX_TEXT_CHARS
from surveil_core.ports.archive import Archive, MediaRecord

MP4 = "video/mp4"
H264 = "video/h264"

EventId = Annotated[
    str | None, Parameter(max_length=MAX_TEXT_CHARS, description="Only videos of this event.")
]
MediaId = Annotated[int, Parameter(ge=1, le=MAX_ROW_ID)]
VideoFormat = Annotated[
    Literal["mp4", "h264"],
    Parameter(description="`h264` is the raw stream, not seekable."),
]


def media_routes(archive: Archive) -> list[HTTPRouteHandler]:
    """Make the routes under `/api/media`."""

    @get("/api/media", sync_to_thread=True, summary="List videos")
    def list_media(event_id: EventId = None, limit: Limit = 100) -> MediaListView:
        """List videos, the newest first."""
        records = archive.list_media(limit=limit, event_id=event_id)
        return MediaListView(media=[media_view(record) for record in records])

    @get("/api/media/{media_id:int}/video", summary="Play a video")
    async def send_video(
        request: Request[Any, Any, Any], media_id: MediaId, format: VideoFormat = "mp4"
    ) -> Response[Any]:
        """Send the MP4, or the part that `Range` names, or the raw H.264."""
        media = await asyncio.to_thread(_find, archive, media_id)
        if format == "h264":
            return await asyncio.to_thread(_raw_answer, archive, media)
        return await _mp4_answer(archive, media, _wanted_range(request))

    @head("/api/media/{media_id:int}/video", include_in_schema=False)
    async def describe_video(media_id: MediaId, format: VideoFormat = "mp4") -> Response[None]:
        media = await asyncio.to_thread(_find, archive, media_id)
        headers = _mp4_headers(media.clip_bytes) if format == "mp4" else _raw_headers(media)
        return Response(None, headers={**headers, "Content-Type": _type_of(format)})

    return [list_media, send_video, describe_video]


def _find(archive: Archive, media_id: int) -> MediaRecord:
    media = archive.find_media(media_id)
    if media is None:
        raise NotFoundException(f"there is no video {media_id}")
    return media


def _wanted_range(request: Request[Any, Any, Any]) -> str | None:
    """Take `Range`, unless `If-Range` guards it: our videos have no validator to match."""
    return None if "if-range" in request.headers else request.headers.get("range")


async def _mp4_answer(archive: Archive, media: MediaRecord, wanted: str | None) -> Response[Any]:
    total_bytes = media.clip_bytes
    try:
        part = maybe_byte_range(wanted, total_bytes=total_bytes)
    except RangeNotSatisfiable:
        return Response(
            b"",
            status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            headers={"Accept-Ranges": "bytes", "Content-Range": f"bytes */{total_bytes}"},
            media_type=MP4,
        )
    sent = part or ByteRange(offset=0, length_bytes=total_bytes, total_bytes=total_bytes)
    headers = _mp4_headers(sent.length_bytes)
    if part is not None:
        headers["Content-Range"] = part.content_range
    chunks = iterate_chunks(
        archive, media.media_id, offset=sent.offset, length_bytes=sent.length_bytes
    )
    return Stream(
        await _begun_async(chunks),
        status_code=HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT,
        headers=headers,
        media_type=MP4,
    )


def _raw_answer(archive: Archive, media: MediaRecord) -> Response[Any]:
    return Stream(
        _begun(iterate_annex_b(archive, media)), headers=_raw_headers(media), media_type=H264
    )


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Make the first chunk now, so that an unreadable video is still answered with a 500."""
    return chain([next(chunks, b"")], chunks)


async def _begun_async(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Do the same where each chunk is read in a worker thread."""
    first = await anext(chunks, b"")

    async def all_chunks() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    return all_chunks()


def _mp4_headers(length_bytes: int) -> dict[str, str]:
    return {"Accept-Ranges": "bytes", "Content-Length": str(length_bytes)}


def _raw_headers(media: MediaRecord) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="recording_{media.media_id}.h264"'}


def _type_of(video_format: str) -> str:
    return MP4 if video_format == "mp4" else H264
