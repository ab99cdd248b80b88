"""What both media stores do alike: read a clip's file, and write the rows of a stored clip."""

import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from attrs import frozen

from surveil_adapters.sqlite.surveillance_db import CAMERA_TYPE
from surveil_core.errors import StoreUnavailable
from surveil_core.messages import format_timestamp
from surveil_core.ports.camera import Clip
from surveil_core.ports.preview import ClipPreview

CHUNK_BYTES = 128 * 1024
"""How much of a clip is in Python's memory at a time."""

_INSERT = """
    INSERT INTO media (type_media, taille, duree, id_evenement, id_capteur, numero_camera,
                       resolution, codec, date_debut, duree_preroll, recupere, video)
    VALUES ('video', ?, ?, ?,
            (SELECT id_capteur FROM (SELECT id_capteur, nom_capteur,
                                            row_number() OVER (ORDER BY id_capteur) AS numero
                                     FROM capteur WHERE type_capteur = ?)
             ORDER BY nom_capteur IS NOT ?, numero != ?, numero LIMIT 1),
            ?, ?, ?, ?, ?, ?, zeroblob(?))
    RETURNING id_media
"""
"""The camera by its name. One that was taken out has none any more; its row is that of its time."""


@frozen
class ClipFile:
    """The open file of a clip that is to be stored."""

    _file: BinaryIO
    size_bytes: int

    @classmethod
    @contextmanager
    def opened(cls, clip: Clip) -> Iterator["ClipFile"]:
        """Open it, and close it in the end. Raises `StoreUnavailable`."""
        try:
            file = clip.video_path.open("rb")
        except OSError as error:
            raise StoreUnavailable(
                f"{clip.video_path}: {error.strerror}: the clip's file cannot be read; "
                "check that nothing else empties the spool"
            ) from error
        with file:
            yield cls(file, os.fstat(file.fileno()).st_size)

    def copy(self, write: Callable[[bytes], object]) -> int:
        """Hand all of it to `write`, in chunks, and return its CRC-32.

        Raises `StoreUnavailable` for a file that was cut meanwhile, `OSError`, and what `write`
        raises.
        """
        crc32 = 0
        left_bytes = self.size_bytes
        while chunk := self._file.read(min(CHUNK_BYTES, left_bytes)):
            write(chunk)
            crc32 = zlib.crc32(chunk, crc32)
            left_bytes -= len(chunk)
        if left_bytes:
            raise StoreUnavailable(
                f"{self._file.name}: {left_bytes} of {self.size_bytes} bytes are missing: "
                "the clip's file was cut while it was stored"
            )
        return crc32


def check_events(event_row_ids: Sequence[int]) -> None:
    """Raise `ValueError` when no event is named."""
    if not event_row_ids:
        raise ValueError("event_row_ids is empty, expected the row of the triggering event")


def insert_media(
    connection: sqlite3.Connection,
    clip: Clip,
    *,
    camera_names: Sequence[str],
    clip_bytes: int,
    blob_bytes: int,
    trigger_row_id: int,
) -> int:
    """Write the row of `media`, with zeros for the first `blob_bytes`; returns its id."""
    camera_name = dict(enumerate(camera_names, start=1)).get(clip.camera_number)
    values = (
        clip_bytes,
        clip.duration_s,
        trigger_row_id,
        CAMERA_TYPE,
        camera_name,
        clip.camera_number,
        clip.camera_number,
        clip.format.resolution,
        clip.format.codec,
        format_timestamp(clip.started_at_utc),
        clip.pre_roll_s,
        int(clip.salvaged),
        blob_bytes,
    )
    media_id: int = connection.execute(_INSERT, values).fetchone()[0]
    return media_id


def insert_beside(
    connection: sqlite3.Connection,
    media_id: int,
    clip: Clip,
    *,
    crc32: int,
    event_row_ids: Sequence[int],
    preview: ClipPreview | None,
) -> None:
    """Write what stands beside a video, and strike out the clip jobs of its events."""
    connection.execute("INSERT INTO somme_media VALUES (?, ?)", (media_id, crc32))
    connection.execute(
        "INSERT INTO tournage (id_media, retard_debut, duree_manquante) VALUES (?, ?, ?)",
        (media_id, clip.start_delay_s, clip.missing_s),
    )
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
