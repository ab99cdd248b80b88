"""`surveillance.db`, and the videos that lie in files beside it, as the HTTP API reads them.

Opened for each call and closed again: a handle kept open while a browser plays a video
would keep the writer out. A video is read by chunk, never as a whole.
"""

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from surveil_adapters.sqlite.connection import primary_code, reading, tolerant_text
from surveil_adapters.sqlite.video_files import VideoFiles, read_part
from surveil_core.events import EventType
from surveil_core.messages import maybe_timestamp
from surveil_core.ports.archive import ClipState, EventRecord, MediaRecord
from surveil_core.ports.preview import PreviewKind
from surveil_core.vocabulary import ALERT_TYPE_BY_EVENT_TYPE

_MAX_INTEGER = 2**63 - 1

_EVENTS = """
    SELECT e.id_evenement, e.event_id, e.device_id, e.type_evenement, e.source,
           c.nom_capteur, c.emplacement, e.date_evenement, e.date_reception,
           e.metadata,
           (SELECT json_group_array(id_media) FROM media_evenement
            WHERE id_evenement = e.id_evenement),
           t.id_evenement IS NOT NULL, t.raison_abandon
    FROM evenement e JOIN capteur c ON c.id_capteur = e.id_capteur
    AND e.type_evenement IN ('MOTION_DETECTED', 'BUTTON_PRESSED', 'PRESSURE_DETECTED')
    LEFT JOIN travail_clip t ON t.id_evenement = e.id_evenement
"""
_EVENTS_OF = """
    (SELECT json_group_array(json_array(
                e.id_evenement != m.id_evenement, e.id_evenement, e.event_id))
     FROM media_evenement l JOIN evenement e ON e.id_evenement = l.id_evenement
     WHERE l.id_media = m.id_media)
"""
_MARKS = """
    m.recupere, EXISTS (SELECT 1 FROM epingle_media p WHERE p.id_media = m.id_media),
    coalesce(f.retard_debut, 0), coalesce(f.duree_manquante, 0), c.nom_capteur
"""
_BESIDE = """
    LEFT JOIN tournage f ON f.id_media = m.id_media
    LEFT JOIN capteur c ON c.id_capteur = m.id_capteur
"""
_NO_MARKS = "0, 0, 0, 0, NULL"


def _media_query(events: str, marks: str, beside: str = "") -> str:
    return (
        f"SELECT m.id_media, {events}, m.date_debut, m.duree, m.duree_preroll, m.taille,"  # noqa: S608 - of words above
        f" m.resolution, m.codec, m.numero_camera, {marks} FROM media m {beside}"
    )


_MEDIA = _media_query(_EVENTS_OF, _MARKS, _BESIDE)
_OLD_MEDIA = (_media_query(_EVENTS_OF, _NO_MARKS), _media_query("'[]'", _NO_MARKS))
"""For a file of an earlier release, or one of which a table is lost."""

_PLACE = """
    SELECT f.nom FROM media m LEFT JOIN fichier_media f USING (id_media) WHERE m.id_media = ?
"""
_OLD_PLACE = "SELECT NULL FROM media WHERE id_media = ?"

_PREVIEW_BY_KIND = {
    PreviewKind.THUMBNAIL: "SELECT vignette FROM apercu WHERE id_media = ?",
    PreviewKind.STRIP: "SELECT bande FROM apercu WHERE id_media = ?",
}
_OF_EVENT = """
    AND m.id_media IN (SELECT l.id_media FROM media_evenement l
                         JOIN evenement e ON e.id_evenement = l.id_evenement
                         WHERE e.event_id = ?)
"""


@frozen
class SqliteArchive:
    """An `Archive` on `surveillance.db`. Safe from any thread."""

    _path: Path

    def list_events(self, *, after: int | None, limit: int) -> Sequence[EventRecord]:
        """Behind cursor `after`, oldest first; without it the latest, newest first."""
        where = "" if after is None else "WHERE e.id_evenement > ?"
        order = "DESC" if after is None else "ASC"
        values = [] if after is None else [_bounded(after)]
        with reading(self._path) as connection:
            connection.text_factory = tolerant_text
            rows = connection.execute(
                f"{_EVENTS} {where} ORDER BY e.id_evenement {order} LIMIT ?",
                (*values, _bounded(max(limit, 0))),
            ).fetchall()
        return [_event_record(row) for row in rows]

    def list_media(
        self, *, limit: int, event_id: str | None = None, before: int | None = None
    ) -> Sequence[MediaRecord]:
        """The newest videos first, of one event if named, those before a video if named."""
        if event_id is not None and not event_id.isprintable():
            return []  # no stored id is such, and SQLite takes no lone surrogate
        where, values = ("", []) if event_id is None else (_OF_EVENT, [event_id])
        until = _MAX_INTEGER if before is None else _bounded(before - 1)
        with reading(self._path) as connection:
            rows = connection.execute(
                f"{_MEDIA} WHERE m.id_media <= ? {where} ORDER BY m.id_media DESC LIMIT ?",
                (until, *values, _bounded(max(limit, 0))),
            ).fetchall()
        return [_media_record(row) for row in rows]

    def find_media(self, media_id: int) -> MediaRecord | None:
        """One video, or None."""
        with reading(self._path) as connection:
            queries = [f"{query} WHERE m.id_media = ?" for query in (_MEDIA, *_OLD_MEDIA)]
            row = _find_row(connection, queries, media_id)
        return None if row is None else _media_record(row)

    def read_video(self, media_id: int, *, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; empty past the end or without a video.

        A file is opened while nobody can delete it, and read when the database is closed again.
        """
        offset, length = max(offset, 0), max(length, 0)
        with reading(self._path) as connection:
            place = _find_row(connection, (_PLACE, _OLD_PLACE), media_id)
            if place is None:
                return b""
            (name,) = place
            if name is None:
                return _read_blob(connection, media_id, offset, length)
            file = VideoFiles.beside(self._path).open(name)
        return read_part(file, offset=offset, length=length)

    def read_preview(self, media_id: int, kind: PreviewKind) -> bytes | None:
        """Read a JPEG from `apercu`."""
        with reading(self._path) as connection:
            row = connection.execute(_PREVIEW_BY_KIND[kind], (_bounded(media_id),)).fetchone()
        return None if row is None else bytes(row[0])


def _find_row(
    connection: sqlite3.Connection, queries: Sequence[str], media_id: int
) -> tuple[Any, ...] | None:
    """Find a video, by as much as the file knows: it must be rescued from an old file, too."""
    for query in queries:
        try:
            row: tuple[Any, ...] | None = connection.execute(
                query, (_bounded(media_id),)
            ).fetchone()
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_ERROR or query is queries[-1]:
                raise
        else:
            return row
    raise AssertionError("the last query has answered or raised")


def _read_blob(connection: sqlite3.Connection, media_id: int, offset: int, length: int) -> bytes:
    with connection.blobopen("media", "video", media_id, readonly=True) as blob:
        if offset >= len(blob):
            return b""
        blob.seek(offset)
        return blob.read(min(length, len(blob) - offset))


def _bounded(value: int) -> int:
    """Keep a caller's number within SQLite's; no row lies beyond."""
    return max(-_MAX_INTEGER, min(value, _MAX_INTEGER))


def _event_record(row: tuple[Any, ...]) -> EventRecord:
    media_ids: list[int] = json.loads(row[10])
    occurred_at_utc, received_at_utc = maybe_timestamp(row[7]), maybe_timestamp(row[8])
    data = _maybe_data(row[9])
    clip_state = _clip_state(media_ids, has_job=bool(row[11]), reason=row[12])
    return EventRecord(
        cursor=row[0],
        event_id=row[1],
        device_id=row[2],
        type=ALERT_TYPE_BY_EVENT_TYPE[EventType(row[3])],
        source=row[4],
        sensor_name=row[5],
        location=row[6],
        occurred_at_utc=occurred_at_utc,
        received_at_utc=received_at_utc,
        data=data or {},
        media_ids=media_ids,
        clip_state=clip_state,
        no_video_reason=row[12] if clip_state is ClipState.GIVEN_UP else None,
        damaged=None in (occurred_at_utc, received_at_utc, data),
    )


def _maybe_data(metadata: str) -> Mapping[str, Any] | None:
    """Read `data` of a message; None where a damaged row holds something else."""
    try:
        document = json.loads(metadata)
    except ValueError:
        return None
    data = document.get("data", {}) if isinstance(document, dict) else None
    return data if isinstance(data, dict) else None


def _clip_state(media_ids: Sequence[int], *, has_job: bool, reason: str | None) -> ClipState:
    if media_ids:
        return ClipState.STORED
    if not has_job:
        return ClipState.NONE
    return ClipState.AWAITED if reason is None else ClipState.GIVEN_UP


def _media_record(row: tuple[Any, ...]) -> MediaRecord:
    started_at_utc = maybe_timestamp(row[2])
    numbers = [_maybe_number(row[place]) for place in (3, 4, 5, 8, 11, 12)]
    duration_s, pre_roll_s, clip_bytes, camera_number, start_delay_s, missing_s = (
        number or 0 for number in numbers
    )
    return MediaRecord(
        media_id=row[0],
        event_ids=[event_id for _, _, event_id in sorted(json.loads(row[1]))],
        started_at_utc=started_at_utc,
        duration_s=float(duration_s),
        pre_roll_s=float(pre_roll_s),
        clip_bytes=int(clip_bytes),
        resolution=str(row[6]),
        codec=str(row[7]),
        camera_number=int(camera_number),
        salvaged=bool(row[9]),
        pinned=bool(row[10]),
        start_delay_s=float(start_delay_s),
        missing_s=float(missing_s),
        camera_name=row[13],
        damaged=started_at_utc is None or None in numbers,
    )


def _maybe_number(value: object) -> float | None:
    """Take a number; None for anything else, since SQLite takes any value in any column."""
    return value if isinstance(value, int | float) and math.isfinite(value) else None
