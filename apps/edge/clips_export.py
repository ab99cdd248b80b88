"""`clips export`: stored clips as files, read and written piece by piece."""

import sys
from collections.abc import Iterator, Sequence

from apps.edge.clips_words import human_size
from surveil_adapters.clip_folder import ClipFolder, Saved
from surveil_adapters.console.progress import ProgressBar
from surveil_adapters.spool import safe_name
from surveil_core.errors import DataLost, StoreUnavailable, SurveilError
from surveil_core.ports.archive import Archive, MediaRecord

CHUNK_BYTES = 1024 * 1024


def export_clips(archive: Archive, media_ids: Sequence[int], folder: ClipFolder) -> bool:
    """Export clips; one that cannot be is told, and the others follow. True if all are there.

    Raises `ConfigurationError` for a folder that is none.
    """
    records, is_done = _find(archive, media_ids)
    total_bytes = sum(record.clip_bytes for record in records)
    with ProgressBar("exporting", total=total_bytes, unit="bytes") as bar:
        for record in records:
            try:
                is_done &= _export(archive, record, folder, bar)
            except (DataLost, StoreUnavailable) as error:
                bar.say(f"clip {record.media_id}: not exported: {error}")
                is_done = False
    return is_done


def clip_name(record: MediaRecord) -> str:
    """Name a clip's file: `clip_12_20250115T143042Z_evt-1737123456-abc123.mp4`."""
    event = safe_name(record.event_ids[0]) if record.event_ids else "no-event"
    at_utc = record.started_at_utc
    start = "unknown-time" if at_utc is None else f"{at_utc:%Y%m%dT%H%M%SZ}"
    return f"clip_{record.media_id}_{start}_{event}.mp4"


def _find(archive: Archive, media_ids: Sequence[int]) -> tuple[Sequence[MediaRecord], bool]:
    records = []
    for media_id in media_ids:
        try:
            record = archive.find_media(media_id)
        except SurveilError as error:
            sys.stdout.write(f"clip {media_id}: not exported: {error}\n")
            continue
        if record is None:
            sys.stdout.write(f"clip {media_id}: there is none; `clips list` names them\n")
            continue
        records.append(record)
    return records, len(records) == len(media_ids)


def _export(archive: Archive, record: MediaRecord, folder: ClipFolder, bar: ProgressBar) -> bool:
    path = folder.path / clip_name(record)
    chunks = _chunks(archive, record, bar)
    saved = folder.save(
        path.name, chunks, size_bytes=record.clip_bytes, started_at_utc=record.started_at_utc
    )
    if saved is Saved.DIFFERENT:
        words = f"not exported: {path} is another file; move it away, or name another folder"
    else:
        words = f"{path}, {human_size(path.stat().st_size)}, {saved.value}"
    bar.say(f"clip {record.media_id}: {words}")
    return saved is not Saved.DIFFERENT


def _chunks(archive: Archive, record: MediaRecord, bar: ProgressBar) -> Iterator[bytes]:
    offset = 0
    while chunk := archive.read_video(record.media_id, offset=offset, length=CHUNK_BYTES):
        yield chunk
        offset += len(chunk)
        bar.advance(len(chunk))
    if not offset or archive.find_media(record.media_id) is None:
        raise DataLost("it was deleted while it was read, or has no video")
