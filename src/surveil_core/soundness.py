"""Whether a stored clip is what its row in `media` says, given what was measured.

Nothing is assumed of either: both may come out of a damaged file.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import Enum

from attrs import frozen

TOLERANCE_S = 0.2
"""How far `duree` may be from the length of the pictures."""


_SECONDS_BEFORE_EVENT = "round((julianday(date_evenement) - julianday(date_debut)) * 86400, 3)"


class Harm(Enum):
    """What a fault means for whoever needs the clip, the worst first."""

    UNREADABLE = "the database gives nothing, or not all, of it"
    PICTURES = "not all of it plays"
    FILE = "the file that it lies in is not there"
    ROW = "it plays, and its row is wrong"
    LEFTOVER = "there is no clip, only rows that belonged to one"


@frozen(kw_only=True)
class ClipRow:
    """What the row says of a clip, and what stands beside it."""

    media_id: int
    clip_bytes: int
    stored_bytes: int
    """The length that the video really has; `clip_bytes` is what `taille` says."""
    duration_s: float
    resolution: str
    codec: str
    event_row_id: int
    """The event that triggered it, `id_evenement`."""
    has_event: bool
    """Whether that event is there."""
    linked_row_ids: Sequence[int]
    """The events that `media_evenement` says it shows."""
    started_at_utc: datetime | None
    """None where `date_debut` is no time."""
    pre_roll_s: float
    camera_number: int
    salvaged: bool
    missing_s: float | None
    """How long nothing was filmed; None for one that an earlier release stored."""
    crc32: int | None = None
    """Of the video as it was stored; None for one that an earlier release stored."""
    missing_file: str | None = None
    """Where the video should lie, if that is a file which is not there."""


@frozen(kw_only=True)
class MeasuredVideo:
    """What the pictures of a clip are, each one decoded.

    `undecodable` counts those that could not be, or only with errors;
    `first_undecodable_at_s` is where the first of them stands in the clip.
    """

    duration_s: float
    resolution: str
    codec: str
    pictures: int
    announced_pictures: int
    """How many the MP4 says it holds."""
    begins_with_keyframe: bool
    crc32: int
    undecodable: int = 0
    first_undecodable_at_s: float | None = None


@frozen(kw_only=True)
class Fault:
    """One thing that is wrong with a clip, in words.

    `remedy` is the SQL that makes the row say what is true, where that mends it.
    """

    harm: Harm
    text: str
    remedy: str | None = None


_TABLES_BESIDE = ("media_evenement", "somme_media", "apercu", "tournage", "epingle_media")


def judge_leftovers(media_id: int) -> Fault:
    """Say what is wrong where a clip was deleted, and what stood beside it was not."""
    where = f"WHERE id_media = {media_id}"
    remedies = [f"DELETE FROM {table} {where}" for table in _TABLES_BESIDE]  # noqa: S608 - for a person to run
    remedies.append(f"UPDATE fichier_media SET id_media = NULL {where}")  # noqa: S608 - its file goes then
    return Fault(
        harm=Harm.LEFTOVER,
        text=f"media has no row {media_id}, and rows beside it are left, as after a DELETE by hand",
        remedy="; ".join(remedies),
    )


def judge_row(row: ClipRow) -> Iterator[Fault]:
    """Say what is wrong with a row whatever its pictures are."""
    if row.missing_file is not None:
        yield Fault(harm=Harm.FILE, text=f"its file {row.missing_file} is not there")
    elif row.clip_bytes != row.stored_bytes:
        yield _wrong_column(
            row, "taille", row.clip_bytes, row.stored_bytes, f"video has {row.stored_bytes} bytes"
        )
    if not row.has_event:
        yield Fault(harm=Harm.ROW, text=f"its event, row {row.event_row_id} of evenement, is gone")
    elif row.event_row_id not in row.linked_row_ids:
        yield Fault(
            harm=Harm.ROW,
            text=f"media_evenement does not link it to its event, row {row.event_row_id}",
            remedy=f"INSERT INTO media_evenement VALUES ({row.media_id}, {row.event_row_id})",  # noqa: S608 - for a person to run
        )
    yield from _judge_times(row)
    if row.camera_number < 1:
        yield _wrong_column(row, "numero_camera", row.camera_number, 1, "cameras count from 1")


def _judge_times(row: ClipRow) -> Iterator[Fault]:
    """Judge what says when a clip was filmed; the event's time can stand in for it."""
    if row.started_at_utc is None:
        yield Fault(
            harm=Harm.ROW,
            text="date_debut is no time",
            remedy=_from_event(row, "date_debut", "date_evenement"),
        )
    if not 0 <= row.pre_roll_s <= _longest_pre_roll_s(row):  # NaN is neither
        yield Fault(
            harm=Harm.ROW,
            text=f"duree_preroll is {row.pre_roll_s:g}, the clip lasts {row.duration_s:g} s",
            remedy=_from_event(row, "duree_preroll", _SECONDS_BEFORE_EVENT),
        )


def _longest_pre_roll_s(row: ClipRow) -> float:
    """Say how late in a clip its event can be: also where nothing was filmed any more."""
    if row.salvaged or row.missing_s is None:
        return float("inf")
    return row.duration_s + row.missing_s + TOLERANCE_S


def judge_pictures(video: MeasuredVideo) -> Iterator[Fault]:
    """Say what is wrong with pictures whatever their row says."""
    if video.pictures != video.announced_pictures:
        yield _in_pictures(f"it holds {video.pictures} of {video.announced_pictures} pictures")
    if not video.begins_with_keyframe:
        yield _in_pictures("its first picture is no keyframe")
    if video.undecodable:
        where = video.first_undecodable_at_s
        since = "" if where is None else f", the first at {where:.2f} s"
        yield _in_pictures(f"{video.undecodable} of {video.pictures} pictures do not decode{since}")


def judge_match(row: ClipRow, video: MeasuredVideo) -> Iterator[Fault]:
    """Say where the row and the pictures differ."""
    if row.crc32 is not None and row.crc32 != video.crc32:
        yield _in_pictures("its bytes are not those that were stored (CRC-32)")
    if not abs(row.duration_s - video.duration_s) <= TOLERANCE_S:  # NaN differs
        true_s = round(video.duration_s, 3)
        yield _wrong_column(
            row, "duree", f"{row.duration_s:g}", true_s, f"its pictures last {true_s:g} s"
        )
    if row.resolution != video.resolution:
        yield _wrong_column(
            row, "resolution", row.resolution, video.resolution, f"they are {video.resolution}"
        )
    if row.codec != video.codec:
        yield _wrong_column(row, "codec", row.codec, video.codec, f"they are {video.codec}")


def advise(media_id: int, faults: Sequence[Fault]) -> str:
    """Say what to do next about a clip with these faults, at least one."""
    harms = {fault.harm for fault in faults}
    if Harm.UNREADABLE in harms:
        return (
            "see with `dmesg` whether the disk fails; "
            f"`clips export {media_id} --to FOLDER` saves it if it can be read, "
            f"`clips delete {media_id}` removes it if the file still lets it go"
        )
    if Harm.FILE in harms:
        return (
            "put the file back there if it was moved, or from a copy; "
            f"else `clips delete {media_id}` removes the row, and its events keep the reason"
        )
    if Harm.PICTURES in harms:
        return (
            f"`clips export {media_id} --to FOLDER` keeps what still plays, "
            f"`clips delete {media_id}` removes it"
        )
    remedies = [fault.remedy for fault in faults if fault.remedy is not None]
    if Harm.LEFTOVER in harms:
        return f"nothing is lost; remove them by the SQL: {'; '.join(remedies)}"
    if len(remedies) < len(faults):
        return (
            f"the pictures are whole: `clips export {media_id} --to FOLDER` keeps them, "
            f"`clips delete {media_id}` removes the row"
        )
    return f"the pictures are whole; mend the row by the SQL: {'; '.join(remedies)}"


def _from_event(row: ClipRow, column: str, value: str) -> str | None:
    """Write the SQL that sets a column by what the clip's event says, if that is there."""
    if not row.has_event:
        return None
    return (
        f"UPDATE media SET {column} = (SELECT {value} FROM evenement "  # noqa: S608 - for a person to run
        f"WHERE id_evenement = {row.event_row_id}) WHERE id_media = {row.media_id}"
    )


def _in_pictures(text: str) -> Fault:
    return Fault(harm=Harm.PICTURES, text=text)


def _wrong_column(row: ClipRow, column: str, said: object, true: object, truth: str) -> Fault:
    value = f"'{true}'" if isinstance(true, str) else true
    return Fault(
        harm=Harm.ROW,
        text=f"{column} is {said!s:.40}, {truth}",
        remedy=f"UPDATE media SET {column} = {value} WHERE id_media = {row.media_id}",  # noqa: S608 - for a person to run
    )
