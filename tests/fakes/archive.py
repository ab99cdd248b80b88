"""An archive in lists, for the HTTP API's tests.

The tests put in records; what comes out follows `surveil_core.ports.archive.Archive`.
"""

from collections.abc import Sequence

from attrs import define, field

from surveil_core.errors import StoreUnavailable
from surveil_core.ports.archive import EventRecord, MediaRecord
from surveil_core.ports.preview import ClipPreview, PreviewKind


@define(kw_only=True)
class FakeArchive:
    """Serves `events` and `media` in any order given.

    `videos` and `previews` are by media id.

    Set `unavailable` to a reason and every call raises `StoreUnavailable` with it.
    """

    events: list[EventRecord] = field(factory=list)
    media: list[MediaRecord] = field(factory=list)
    videos: dict[int, bytes] = field(factory=dict)
    previews: dict[int, ClipPreview] = field(factory=dict)
    unavailable: str | None = None

    def list_events(self, *, after: int | None, limit: int) -> Sequence[EventRecord]:
        """As the port says."""
        self._check()
        oldest_first = sorted(self.events, key=lambda record: record.cursor)
        if after is None:
            return oldest_first[::-1][: max(limit, 0)]
        return [record for record in oldest_first if record.cursor > after][: max(limit, 0)]

    def list_media(
        self, *, limit: int, event_id: str | None = None, before: int | None = None
    ) -> Sequence[MediaRecord]:
        """As the port says."""
        self._check()
        newest_first = sorted(self.media, key=lambda record: -record.media_id)
        named = [
            record
            for record in newest_first
            if (event_id is None or event_id in record.event_ids)
            and (before is None or record.media_id < before)
        ]
        return named[: max(limit, 0)]

    def find_media(self, media_id: int) -> MediaRecord | None:
        """As the port says."""
        self._check()
        return next((record for record in self.media if record.media_id == media_id), None)

    def read_video(self, media_id: int, *, offset: int, length: int) -> bytes:
        """As the port says; empty for a video that is not there."""
        self._check()
        start = max(offset, 0)
        return self.videos.get(media_id, b"")[start : start + max(length, 0)]

    def read_preview(self, media_id: int, kind: PreviewKind) -> bytes | None:
        """As the port says."""
        self._check()
        preview = self.previews.get(media_id)
        if preview is None:
            return None
        return preview.thumbnail if kind is PreviewKind.THUMBNAIL else preview.strip

    def _check(self) -> None:
        if self.unavailable is not None:
            raise StoreUnavailable(self.unavailable)
