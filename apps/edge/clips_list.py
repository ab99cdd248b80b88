"""`clips list`: what is stored, for people and for scripts."""

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from apps.edge.clips_words import counted, event_names, human_size, local_time
from surveil_core.ports.archive import Archive, MediaRecord

DEFAULT_LIMIT = 50
MAX_LIMIT = 10_000
_PAGE_CLIPS = 500


def list_clips(archive: Archive, *, limit: int, event_id: str | None, as_json: bool) -> None:
    """Print the newest clips, of one event if named. Raises `StoreUnavailable`."""
    shown = archive.list_media(limit=limit, event_id=event_id)
    if as_json:
        for record in shown:
            sys.stdout.write(f"{_json_line(record)}\n")
        return
    for line in _table(shown):
        sys.stdout.write(f"{line}\n")
    clips, clip_bytes = _totals(archive, event_id)
    more = "" if clips <= len(shown) else f"; the newest {len(shown)} are shown, --limit N shows N"
    sys.stdout.write(f"{counted(clips)}, {human_size(clip_bytes)}{more}\n")


def _totals(archive: Archive, event_id: str | None) -> tuple[int, int]:
    clips = clip_bytes = 0
    before: int | None = None
    while page := archive.list_media(limit=_PAGE_CLIPS, event_id=event_id, before=before):
        clips += len(page)
        clip_bytes += sum(record.clip_bytes for record in page)
        before = page[-1].media_id
    return clips, clip_bytes


def _table(records: Sequence[MediaRecord]) -> Iterator[str]:
    if not records:
        return
    rows: list[tuple[str, ...]] = [
        ("id", "start", "duration", "pre-roll", "size", "marks", "events")
    ]
    rows += [_cells(record) for record in records]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, _ALIGNMENTS, strict=True)
        yield "  ".join(f"{cell:{align}{width}}" for cell, width, align in cells).rstrip()


_ALIGNMENTS = "><>>><<"


def _cells(record: MediaRecord) -> tuple[str, ...]:
    marks = [name for name in ("pinned", "salvaged", "damaged") if getattr(record, name)]
    if record.start_delay_s:
        marks.append(f"begins {record.start_delay_s:.1f} s late")
    if record.missing_s:
        marks.append(f"lacks {record.missing_s:.1f} s")
    return (
        str(record.media_id),
        "unknown" if record.started_at_utc is None else local_time(record.started_at_utc),
        f"{record.duration_s:.1f} s",
        f"{record.pre_roll_s:.1f} s",
        human_size(record.clip_bytes),
        ", ".join(marks) or "-",
        event_names(record.event_ids),
    )


def _json_line(record: MediaRecord) -> str:
    return json.dumps(
        {
            "media_id": record.media_id,
            "event_ids": list(record.event_ids),
            "started_at": _json_time(record.started_at_utc),
            "duration_s": record.duration_s,
            "pre_roll_s": record.pre_roll_s,
            "start_delay_s": record.start_delay_s,
            "missing_s": record.missing_s,
            "clip_bytes": record.clip_bytes,
            "resolution": record.resolution,
            "codec": record.codec,
            "camera_number": record.camera_number,
            "camera_name": record.camera_name,
            "pinned": record.pinned,
            "salvaged": record.salvaged,
            "damaged": record.damaged,
        }
    )


def _json_time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
