"""`/api/media/{id}/thumbnail.jpg` and `strip.jpg`: a few pictures of a video.

The pictures of a video never change, but another database has another video under the same
number. So a browser asks each time whether its copy is the right one (`ETag`), unless the
address says more than the number.
"""

import hashlib
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from surveil_adapters.web.media_api import MediaId
from surveil_core.events import MAX_TEXT_CHARS
from surveil_core.ports.archive import Archive
from surveil_core.ports.preview import (
    STRIP_PICTURE_WIDTH,
    STRIP_PICTURES,
    THUMBNAIL_WIDTH,
    PreviewKind,
)

JPEG = "image/jpeg"

Version = Annotated[
    str | None,
    Parameter(
        max_length=MAX_TEXT_CHARS,
        description="Whatever names the video apart from its number, such as the event's id; "
        "browsers then keep the picture for good.",
    ),
]
_RESPONSES: dict[int, ResponseSpec] = {
    HTTPStatus.NOT_MODIFIED: ResponseSpec(None, description="As in `If-None-Match`"),
    HTTPStatus.NOT_FOUND: ResponseSpec(
        None, description="No such video, or one of an earlier release without pictures"
    ),
}


def preview_routes(archive: Archive) -> list[HTTPRouteHandler]:
    """Make the two routes."""

    @get(
        "/api/media/{media_id:int}/thumbnail.jpg",
        sync_to_thread=True,
        media_type=JPEG,
        responses=_RESPONSES,
        summary="Show a video at the instant of its event",
        description=f"Send the picture at the trigger, {THUMBNAIL_WIDTH} pixels wide.",
    )
    def send_thumbnail(
        request: Request[Any, Any, Any], media_id: MediaId, v: Version = None
    ) -> Response[bytes]:
        picture = _find(archive, media_id, PreviewKind.THUMBNAIL)
        return _answer(request, picture, is_versioned=v is not None)

    @get(
        "/api/media/{media_id:int}/strip.jpg",
        sync_to_thread=True,
        media_type=JPEG,
        responses=_RESPONSES,
        summary="Show a video at a glance",
        description=f"Send {STRIP_PICTURES} pictures of the whole video side by side, each "
        f"{STRIP_PICTURE_WIDTH} pixels wide.",
    )
    def send_strip(
        request: Request[Any, Any, Any], media_id: MediaId, v: Version = None
    ) -> Response[bytes]:
        picture = _find(archive, media_id, PreviewKind.STRIP)
        return _answer(request, picture, is_versioned=v is not None)

    return [send_thumbnail, send_strip]


def _find(archive: Archive, media_id: int, kind: PreviewKind) -> bytes:
    picture = archive.read_preview(media_id, kind)
    if picture is None:
        raise NotFoundException(f"there is no {kind} of video {media_id}")
    return picture


def _answer(
    request: Request[Any, Any, Any], picture: bytes, *, is_versioned: bool
) -> Response[Any]:
    tag = f'"{hashlib.sha256(picture).hexdigest()[:32]}"'
    lasting = "max-age=31536000, immutable" if is_versioned else "no-cache"
    headers = {"ETag": tag, "Cache-Control": f"private, {lasting}"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers, media_type=JPEG)
    return Response(picture, headers=headers, media_type=JPEG)
