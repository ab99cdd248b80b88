"""`surveillance.db` looked at without trust: what is damaged is told, the rest still read.

Clips are found by six ways through the file (the table, its index, the links to events,
the check sums, the files, the previews), so that a page which is lost takes no clip out of
sight that another page still names.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from surveil_adapters.durable import PART_SUFFIX
from surveil_adapters.sqlite.connection import DAMAGE_CODES, primary_code, reading, translating
from surveil_adapters.sqlite.video_files import VideoFiles
from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.messages import maybe_timestamp
from surveil_core.ports.inspection import FoundClips
from surveil_core.soundness import ClipRow

_MAX_FAULTS = 100
_LOOKS = 3

_INDEX = "index media_par_evenement"
_WAYS = {
    "media": (
        "SELECT id_media FROM media NOT INDEXED ORDER BY id_media",
        "SELECT id_media FROM media NOT INDEXED ORDER BY id_media DESC",
    ),
    _INDEX: ("SELECT id_media FROM media INDEXED BY media_par_evenement",),
    "media_evenement": ("SELECT DISTINCT id_media FROM media_evenement ORDER BY id_media",),
    "somme_media": ("SELECT id_media FROM somme_media",),
    "fichier_media": ("SELECT id_media FROM fichier_media WHERE id_media IS NOT NULL",),
    "apercu": ("SELECT id_media FROM apercu",),
}
"""The second query of a way is asked where the first one does not get through."""

_ROW = """
    SELECT m.taille, length(m.video), m.duree, m.resolution, m.codec,
           m.date_debut, m.duree_preroll, m.numero_camera, m.id_evenement
    FROM media m WHERE m.id_media = ?
"""
_FILE = "SELECT nom FROM fichier_media WHERE id_media = ?"
_FILES = "SELECT nom FROM fichier_media"
_SALVAGED = "SELECT recupere FROM media WHERE id_media = ?"
_MISSING = "SELECT duree_manquante FROM tournage WHERE id_media = ?"
_EVENT = "SELECT 1 FROM media JOIN evenement USING (id_evenement) WHERE id_media = ?"
_CRC32 = "SELECT crc32 FROM somme_media WHERE id_media = ?"
_LINKS = "SELECT id_evenement FROM media_evenement WHERE id_media = ? ORDER BY id_evenement"
_EVENTS = """
    SELECT e.event_id FROM media_evenement l JOIN evenement e USING (id_evenement)
    WHERE l.id_media = ? ORDER BY l.id_evenement
"""
_TRIGGER = "SELECT e.event_id FROM media m JOIN evenement e USING (id_evenement) WHERE id_media = ?"


_MIGRATION = "the services bring a file of an earlier release up to date when they start"


@frozen
class SqliteInspection:
    """An `Inspection` of `surveillance.db`."""

    _path: Path

    def file_bytes(self) -> int:
        """How large the file is."""
        with translating(self._path):
            return self._path.stat().st_size

    def find_file_faults(self) -> Sequence[str]:
        """Ask SQLite for wrong references, then for wrong pages and indexes."""
        return [*self._wrong_references(), *self._wrong_pages()]

    def find_clips(self) -> FoundClips:
        """Go each way through the file as far as it can be read."""
        ids_by_way: dict[str, set[int]] = {name: set() for name in _WAYS}
        faults: dict[str, str] = {}
        for name, queries in _WAYS.items():
            for query in queries:
                try:
                    self._collect(query, ids_by_way[name])
                    break
                except DataLost as error:
                    faults[name] = f"{name} cannot be read as a whole: {error}"
        media_ids = set().union(*ids_by_way.values())
        kept = media_ids if "media" in faults else ids_by_way["media"] | ids_by_way[_INDEX]
        return FoundClips(
            media_ids=sorted(media_ids),
            faults=list(faults.values()),
            leftover_ids=media_ids - kept,
        )

    def read_row(self, media_id: int) -> ClipRow | None:
        """Read what is known of a clip but its pictures."""
        with self._reading() as connection:
            row = connection.execute(_ROW, (media_id,)).fetchone()
            if row is None:
                return None
            beside = [
                _values(connection, query, media_id)
                for query in (_SALVAGED, _MISSING, _EVENT, _LINKS, _CRC32)
            ]
            clip_row = _clip_row(media_id, row, beside)
            names = _values(connection, _FILE, media_id)
            return self._in_file(clip_row, names[0]) if names else clip_row

    def event_ids(self, media_id: int) -> Sequence[str]:
        """Name the events that are linked to it, or the one that its row names."""
        with self._reading() as connection:
            for query in (_EVENTS, _TRIGGER):
                if found := _values(connection, query, media_id):
                    return found
        return ()

    def find_stray_files(self) -> Sequence[str]:
        """Compare the folder `videos/` with `fichier_media`."""
        try:
            found = self._files.names()
            with self._reading() as connection:
                known = {name for (name,) in connection.execute(_FILES)}
        except DataLost:
            return ()  # told by `find_clips`
        strays = sorted(name for name in found if name.removesuffix(PART_SUFFIX) not in known)
        still_there = self._files.names()  # one may have been deleted between the looks
        return [str(self._files.folder / name) for name in strays if name in still_there]

    @property
    def _files(self) -> VideoFiles:
        return VideoFiles.beside(self._path)

    def _in_file(self, row: ClipRow, name: str) -> ClipRow:
        """Say of a clip whose video lies in a file what that file is."""
        size_bytes = self._files.size_bytes(name)
        if size_bytes is None:
            return evolve(row, missing_file=str(self._files.path(name)))
        return evolve(row, stored_bytes=size_bytes)

    def _collect(self, query: str, media_ids: set[int]) -> None:
        with self._reading() as connection:
            for (media_id,) in connection.execute(query):
                if isinstance(media_id, int):  # a damaged page may hold anything
                    media_ids.add(media_id)

    def _wrong_references(self) -> Sequence[str]:
        rows_by_place: dict[tuple[str, str], int] = {}
        try:
            with self._reading() as connection:
                for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check"):
                    place = (table, parent)
                    rows_by_place[place] = rows_by_place.get(place, 0) + 1
        except DataLost as error:
            return [f"references cannot be checked: {error}"]
        return [
            f"rows of {table} refer to rows of {parent} that are not there: {rows}"
            for (table, parent), rows in rows_by_place.items()
        ]

    def _wrong_pages(self) -> Sequence[str]:
        """Look without a lock: it takes minutes, and a lock would hold up services.

        What is written meanwhile may look like damage; so damage counts only if nothing was
        written during the look.
        """
        for _ in range(_LOOKS):
            before = self._state()
            with translating(self._path), closing(_open_unlocked(self._path)) as connection:
                faults = _integrity_faults(connection)
            if not faults or (self._state() == before and before.is_at_rest):
                return faults
        raise StoreUnavailable(
            f"{self._path}: its pages cannot be judged while services write to it "
            f"({_LOOKS} looks were disturbed): stop them, and check again"
        )

    def _state(self) -> "_FileState":
        journal = self._path.with_name(f"{self._path.name}-journal")
        with translating(self._path):
            found = self._path.stat()
            try:
                is_at_rest = not journal.stat().st_size
            except FileNotFoundError:
                is_at_rest = True
        return _FileState(found.st_mtime_ns, found.st_size, is_at_rest=is_at_rest)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with reading(self._path) as connection:
            try:
                yield connection
            except sqlite3.DatabaseError as error:
                if _is_missing(error):
                    raise DataLost(f"{error}; {_MIGRATION}") from error
                if primary_code(error) in DAMAGE_CODES:
                    raise DataLost(str(error)) from error
                raise


@frozen
class _FileState:
    """What tells that a file was written; in a transaction its journal is not empty."""

    written_at_ns: int
    file_bytes: int
    is_at_rest: bool


def _open_unlocked(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _integrity_faults(connection: sqlite3.Connection) -> Sequence[str]:
    try:
        rows = connection.execute(f"PRAGMA integrity_check({_MAX_FAULTS})").fetchall()
    except sqlite3.DatabaseError as error:
        return [f"pages cannot be checked: {error}"]
    lines = [line for (text,) in rows for line in str(text).splitlines()]
    return [line for line in lines if line != "ok" and not line.startswith("*** in database")]


def _is_missing(error: sqlite3.Error) -> bool:
    """Whether a table, an index or a column is not there: nothing else is wrong in our SQL."""
    return primary_code(error) == sqlite3.SQLITE_ERROR


def _values(connection: sqlite3.Connection, query: str, media_id: int) -> Sequence[Any]:
    """Ask for one column of what stands beside a clip; nothing does in a table that is missing."""
    try:
        return [value for (value,) in connection.execute(query, (media_id,))]
    except sqlite3.OperationalError as error:
        if not _is_missing(error):
            raise
        return ()


def _clip_row(
    media_id: int,
    row: tuple[Any, ...],
    beside: Sequence[Sequence[Any]],
) -> ClipRow:
    salvaged, missing_s, events, links, crc32 = beside
    clip_bytes, stored_bytes, duration_s, resolution, codec, *others = row
    date, pre_roll_s, camera_number, event_row_id = others
    try:
        return ClipRow(
            media_id=media_id,
            clip_bytes=int(clip_bytes),
            stored_bytes=int(stored_bytes),
            duration_s=float(duration_s),
            resolution=str(resolution),
            codec=str(codec),
            event_row_id=int(event_row_id),
            has_event=bool(events),
            linked_row_ids=links,
            started_at_utc=maybe_timestamp(date),
            pre_roll_s=float(pre_roll_s),
            camera_number=int(camera_number),
            salvaged=any(salvaged),
            missing_s=next(map(float, missing_s), None),
            crc32=next(iter(crc32), None),
        )
    except (TypeError, ValueError) as error:
        raise DataLost(f"its columns hold what they cannot: {row!r:.200}") from error
