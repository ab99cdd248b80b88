"""Table `travail_clip`: clips that were promised with their events."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing

from attrs import frozen

from surveil_adapters.sqlite.connection import tolerant_text, transaction, translating
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.events import EventType
from surveil_core.messages import maybe_timestamp
from surveil_core.ports.clip_jobs import ClipJob
from surveil_core.ports.spool import FilmedEvent

_HAS_VIDEO = """
    SELECT EXISTS (SELECT 1 FROM media_evenement l WHERE l.id_evenement = e.id_evenement)
    FROM evenement e WHERE e.id_evenement = ? AND e.event_id = ?
"""


@frozen
class SqliteClipJobs:
    """`ClipJobs` on `surveillance.db`, opened for each call, since calls are rare."""

    _db: SurveillanceDb

    def open_jobs(self) -> Sequence[ClipJob]:
        """List the jobs, oldest first."""
        with translating(self._db.path), closing(self._db.connect()) as connection:
            connection.text_factory = tolerant_text
            rows = connection.execute(
                "SELECT id_evenement, event_id, type_evenement, date_reception, device_id,"
                " CASE WHEN json_valid(metadata) THEN json_extract(metadata, '$.data.gpio_pin') END"
                " FROM travail_clip JOIN evenement USING (id_evenement)"
                " WHERE raison_abandon IS NULL ORDER BY id_evenement"
            ).fetchall()
        return [
            ClipJob(
                event_row_id=row[0],
                event_id=row[1],
                event_type=_maybe_type(row[2]),
                received_at_utc=maybe_timestamp(row[3]),
                device_id=row[4],
                gpio_pin=row[5],
            )
            for row in rows
        ]

    def have_video(self, events: Collection[FilmedEvent]) -> Mapping[FilmedEvent, bool]:
        """Say of each of these events, if it exists under that id, whether it has a video."""
        with translating(self._db.path), closing(self._db.connect()) as connection:
            return {
                event: bool(has_video)
                for event in events
                for (has_video,) in connection.execute(
                    _HAS_VIDEO, (event.event_row_id, event.event_id)
                )
            }

    def give_up(self, event_row_ids: Sequence[int], *, reason: str) -> None:
        """Close open jobs; `travail_clip.raison_abandon` keeps the reason."""
        kept_reason = reason.encode("utf-8", "replace").decode()
        with (
            translating(self._db.path),
            closing(self._db.connect()) as connection,
            transaction(connection),
        ):
            connection.executemany(
                "UPDATE travail_clip SET raison_abandon = ?"
                " WHERE raison_abandon IS NULL AND id_evenement = ?",
                [(kept_reason, row_id) for row_id in event_row_ids],
            )


def _maybe_type(value: str) -> EventType | None:
    """Read a type; None for anything else, as a damaged row may hold."""
    try:
        return EventType(value)
    except ValueError:
        return None
