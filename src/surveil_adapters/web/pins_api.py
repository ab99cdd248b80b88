"""`/api/media/{id}/pin`: a video is kept whatever comes, or no longer.

The guard refuses what pages elsewhere send; besides, no browser sends a PUT or a DELETE to
another origin without asking first, and nobody here says yes.
"""

from litestar import delete, put
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler

from surveil_adapters.web.media_api import MediaId
from surveil_core.ports.pins import Pins

PATH = "/api/media/{media_id:int}/pin"


def pin_routes(pins: Pins) -> list[HTTPRouteHandler]:
    """Make the two routes; both may be repeated."""

    @put(PATH, sync_to_thread=True, status_code=204, summary="Keep a video")
    def pin(media_id: MediaId) -> None:
        """Pin a video: it is never deleted to make room."""
        _set(pins, media_id, is_pinned=True)

    @delete(PATH, sync_to_thread=True, status_code=204, summary="Keep a video no longer")
    def unpin(media_id: MediaId) -> None:
        """Unpin a video: it goes when it is its turn."""
        _set(pins, media_id, is_pinned=False)

    return [pin, unpin]


def _set(pins: Pins, media_id: int, *, is_pinned: bool) -> None:
    if not pins.pin(media_id, is_pinned=is_pinned):
        raise NotFoundException(f"there is no video {media_id}")
