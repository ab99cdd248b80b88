"""Clips as files: the bytes go into `videos/`, the row into `media`.

All that takes time, the copy, comes before the transaction that makes the clip known.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from secrets import token_hex

from attrs import define, field

from surveil_adapters.sqlite.connection import KeptConnection
from surveil_adapters.sqlite.media_rows import ClipFile, check_events, insert_beside, insert_media
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_adapters.sqlite.video_files import VideoFiles, removing_on_error
from surveil_core.errors import StoreUnavailable
from surveil_core.ports.camera import Clip
from surveil_core.ports.preview import ClipPreview

_KNOWN = "SELECT 1 FROM fichier_media WHERE nom = ?"
_ANNOUNCE = "INSERT INTO fichier_media (nom, numero_camera) VALUES (?, ?)"
_TIE = "UPDATE fichier_media SET id_media = ?, numero_camera = NULL WHERE nom = ?"


@define
class FileMediaStore:
    """A `MediaStore` of files beside `surveillance.db`; opens that at the first clip."""

    _db: SurveillanceDb
    _files: VideoFiles = field(init=False)
    _kept: KeptConnection = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._files = VideoFiles.beside(self._db.path)
        self._kept = KeptConnection(path=self._db.path, open=self._db.connect)

    def add_clip(
        self, clip: Clip, *, event_row_ids: Sequence[int], preview: ClipPreview | None = None
    ) -> int:
        """Store a clip as a file, its row and preview, and strike out its events' clip jobs.

        Returns after all of it is on the disk. Raises `StoreUnavailable`, also when the
        clip's file cannot be read, `DataLost` when one of its events is gone,
        `ConfigurationError` for a database that a later release wrote, and `ValueError` when
        no event is named.
        """
        check_events(event_row_ids)
        with ClipFile.opened(clip) as file:
            name = self._announce(clip)
            with removing_on_error(self._kept, self._files, camera_number=clip.camera_number):
                crc32 = self._files.write(name, file)
                with self._kept.transaction() as connection:
                    media_id = insert_media(
                        connection,
                        clip,
                        camera_names=self._db.camera_names,
                        clip_bytes=file.size_bytes,
                        blob_bytes=0,
                        trigger_row_id=event_row_ids[0],
                    )
                    _tie(connection, media_id, name)
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

    def _announce(self, clip: Clip) -> str:
        """Choose a name that is nobody's, and write it down before there is a file."""
        with self._kept.transaction() as connection:
            name = next(name for name in _names(clip) if not self._is_taken(connection, name))
            connection.execute(_ANNOUNCE, (name, clip.camera_number))
        return name

    def _is_taken(self, connection: sqlite3.Connection, name: str) -> bool:
        is_known = connection.execute(_KNOWN, (name,)).fetchone() is not None
        return is_known or self._files.is_taken(name)


def _names(clip: Clip) -> Iterator[str]:
    """Yield names such as `20250115T143042Z_camera1_9f3a07c1.mp4`.

    The last part is random, so that no name is ever used again: whoever removes a file that was
    deleted cannot meet another one.
    """
    stem = f"{clip.started_at_utc:%Y%m%dT%H%M%SZ}_camera{clip.camera_number}"
    while True:
        yield f"{stem}_{token_hex(4)}.mp4"


def _tie(connection: sqlite3.Connection, media_id: int, name: str) -> None:
    if not connection.execute(_TIE, (media_id, name)).rowcount:
        raise StoreUnavailable(
            f"{name}: its row of fichier_media was deleted while it was written: "
            "another program works on the same storage.data_dir; stop it"
        )
