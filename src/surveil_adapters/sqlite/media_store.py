"""Table `media`: one clip a transaction, copied from its file in chunks."""

import os
import sqlite3
import zlib
from collections.abc import Sequence
from typing import BinaryIO

from attrs import define, field

from surveil_adapters.sqlite.connection import KeptConnection
from surveil_adapters.sqlite.surveillance_db import CAMERA_TYPE, SurveillanceDb
from surveil_core.errors import StoreUnavailable
from surveil_core.messages import format_timestamp
from surveil_core.ports.camera import Clip
from surveil_core.ports.previewer import ClipPreview

CHUNK_BYTES = 128 * 1024
"""How much of a clip is in Python's memory at a time."""

_INSERT = """
    INSERT INTO media (type_media, taille, duree, id_evenement, id_capteur, numero_camera,
                       resolution, codec, date_debut, duree_preroll, recupere, video)
    VALUES ('video', ?, ?, ?,
            (SELECT min(id_capteur) FROM capteur WHERE type_capteur = ?),
            ?, ?, ?, ?, ?, ?, zeroblob(?))
    RETURNING id_media
"""


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
        if not event_row_ids:
            raise ValueError("event_row_ids is empty, expected the row of the triggering event")
        with _reading(clip) as file, self._kept.transaction() as connection:
            clip_bytes = os.fstat(file.fileno()).st_size
            media_id = _insert(connection, clip, clip_bytes, event_row_ids[0])
            crc32 = _copy(connection, file, media_id, clip_bytes)
            connection.execute("INSERT INTO somme_media VALUES (?, ?)", (media_id, crc32))
            if preview is not None:
                connection.execute(
                    "INSERT INTO apercu (id_media, vignette, bande) VALUES (?, ?, ?)",
                    (media_id, preview.thumbnail, preview.strip),
                )
            connection.executemany(
                "INSERT OR IGNORE INTO media_evenement (id_media, id_evenement) VALUES (?, ?)",
                [(media_id, row_id) for row_id in event_row_ids],
            )
            connection.executemany(
                "DELETE FROM travail_clip WHERE id_evenement = ?",
                [(row_id,) for row_id in event_row_ids],
            )
            return media_id

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
        self._kept.close()


def _reading(clip: Clip) -> BinaryIO:
    try:
        return clip.video_path.open("rb")
    except OSError as error:
        raise StoreUnavailable(
            f"{clip.video_path}: {error.strerror}: the clip's file cannot be read; "
            "check that nothing else empties the spool"
        ) from error


def _insert(
    connection: sqlite3.Connection, clip: Clip, clip_bytes: int, trigger_row_id: int
) -> int:
    values = (
        clip_bytes,
        clip.duration_s,
        trigger_row_id,
        CAMERA_TYPE,
        clip.camera_number,
        clip.format.resolution,
        clip.format.codec,
        format_timestamp(clip.started_at_utc),
        clip.pre_roll_s,
        int(clip.salvaged),
        clip_bytes,
    )
    media_id: int = connection.execute(_INSERT, values).fetchone()[0]
    return media_id


def _copy(connection: sqlite3.Connection, file: BinaryIO, media_id: int, clip_bytes: int) -> int:
    """Fill the video with the file's bytes, and return their CRC-32."""
    crc32 = 0
    with connection.blobopen("media", "video", media_id) as blob:
        left_bytes = clip_bytes
        while chunk := file.read(min(CHUNK_BYTES, left_bytes)):
            blob.write(chunk)
            crc32 = zlib.crc32(chunk, crc32)
            left_bytes -= len(chunk)
    if left_bytes:
        raise StoreUnavailable(
            f"{file.name}: {left_bytes} of {clip_bytes} bytes are missing: "
            "the clip's file was cut while it was stored"
        )
    return crc32
