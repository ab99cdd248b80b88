"""Table `media`: one clip a transaction, copied from its file into the row in chunks."""

from collections.abc import Sequence

from attrs import define, field

from surveil_adapters.sqlite.connection import KeptConnection
from surveil_adapters.sqlite.media_rows import ClipFile, check_events, insert_beside, insert_media
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.ports.camera import Clip
from surveil_core.ports.preview import ClipPreview


@define
class SqliteMediaStore:
    """A `MediaStore` on `surveillance.db`; opens the file at the first clip."""

    _db: SurveillanceDb
    _kept: KeptConnection = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptConnection(path=self._db.path, open=self._db.connect)

    def add_clip(
        self, clip: Clip, *, event_row_ids: Sequence[int], preview: ClipPreview | None = None
    ) -> int:
        """Store a clip with its bytes and preview, and strike out the clip jobs of its events.

        Returns after the commit is on the disk. Raises `StoreUnavailable`, also when the
        clip's file cannot be read, `DataLost` when one of its events is gone or it is larger
        than a field, `ConfigurationError` for a file that a later release wrote, and
        `ValueError` when no event is named.
        """
        check_events(event_row_ids)
        with ClipFile.opened(clip) as file, self._kept.transaction() as connection:
            media_id = insert_media(
                connection,
                clip,
                camera_names=self._db.camera_names,
                clip_bytes=file.size_bytes,
                blob_bytes=file.size_bytes,
                trigger_row_id=event_row_ids[0],
            )
            with connection.blobopen("media", "video", media_id) as blob:
                crc32 = file.copy(blob.write)
            insert_beside(
                connection,
                media_id,
                clip,
                crc32=crc32,
                event_row_ids=event_row_ids,
                preview=preview,
            )
            return media_id

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
        self._kept.close()
