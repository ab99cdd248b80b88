"""The index beside a raw stream: which events it shows, and what its pictures are.

A line is a check sum, a blank and JSON. Reading stops at the first line that is not whole,
so a torn tail costs what it held and nothing else. The lines, in this order at first:

    {"clip": {...}}                                what the clip is of
    {"picture": [bytes, keyframe, at_s, crc32]}    the next picture of the stream
    {"event": [row id, event id]}                  a further event that it shows
    {"end": "2025-01-15T14:30:45+00:00",           it is complete; the trigger's instant again,
     "until_s": at_s}                              and when it was to end
"""

import json
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, frozen

from surveil_adapters.libav.samples import Samples
from surveil_core.errors import BadMessage
from surveil_core.ports.spool import ClipLabel, FilmedEvent
from surveil_core.video import AccessUnit, VideoFormat


@frozen(kw_only=True)
class ClipIndex:
    """What an index says. `complete` when it has its end, which was to be at `until_s`.

    `crc32s` are those of the pictures that `samples` says where to find.
    """

    label: ClipLabel
    events: tuple[FilmedEvent, ...]
    samples: Samples
    crc32s: Sequence[int]
    complete: bool = False
    until_s: float | None = None


def label_line(label: ClipLabel) -> bytes:
    """Write the first line."""
    return _line(
        clip={
            "event": [label.event.event_row_id, label.event.event_id],
            "triggered_at_s": label.triggered_at_s,
            "triggered_at_utc": label.triggered_at_utc.isoformat(),
            "format": [
                label.format.width,
                label.format.height,
                label.format.fps,
                label.format.codec,
            ],
            "camera_number": label.camera_number,
        }
    )


def picture_line(unit: AccessUnit) -> bytes:
    """Write the line of a picture."""
    size_bytes, crc32 = len(unit.annex_b), zlib.crc32(unit.annex_b)
    return _line(picture=[size_bytes, unit.keyframe, unit.at_s, crc32])


def event_line(event: FilmedEvent) -> bytes:
    """Write the line of a further event."""
    return _line(event=[event.event_row_id, event.event_id])


def end_line(triggered_at_utc: datetime, until_s: float | None) -> bytes:
    """Write the last line."""
    return _line(end=triggered_at_utc.isoformat(), until_s=until_s)


def read_index(lines: Iterable[bytes]) -> ClipIndex | None:
    """Read what is whole of an index, each line with its end; None when the first is not.

    Raises `BadMessage` for whole lines that another release wrote in another form.
    """
    try:
        return _read(_whole_lines(lines))
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise BadMessage(f"the index is of another release: {error!r}") from error


def _read(lines: Iterator[dict[str, Any]]) -> ClipIndex | None:
    first = next(lines, {})
    if "clip" not in first:
        return None
    label = _label(first["clip"])
    events, samples, crc32s = [label.event], Samples(), array("I")
    complete, until_s = False, None
    for line in lines:
        if "picture" in line:
            size_bytes, keyframe, at_s, crc32 = line["picture"]
            crc32s.append(crc32)
            samples.append(size_bytes=size_bytes, is_keyframe=keyframe, at_s=at_s)
        elif "event" in line:
            events.append(_event(line["event"]))
        elif "end" in line:
            label = evolve(label, triggered_at_utc=datetime.fromisoformat(line["end"]))
            complete, until_s = True, line.get("until_s")
    return ClipIndex(
        label=label,
        events=tuple(events),
        samples=samples,
        crc32s=crc32s,
        complete=complete,
        until_s=until_s,
    )


def _line(**content: Any) -> bytes:
    text = json.dumps(content, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _whole_lines(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        check_sum, _, content = line.removesuffix(b"\n").partition(b" ")
        if not line.endswith(b"\n") or check_sum != b"%08x" % zlib.crc32(content):
            return
        yield json.loads(content)


def _label(content: dict[str, Any]) -> ClipLabel:
    width, height, fps, codec = content["format"]
    return ClipLabel(
        event=_event(content["event"]),
        triggered_at_s=content["triggered_at_s"],
        triggered_at_utc=datetime.fromisoformat(content["triggered_at_utc"]),
        format=VideoFormat(width=width, height=height, fps=fps, codec=codec),
        camera_number=content["camera_number"],
    )


def _event(content: list[Any]) -> FilmedEvent:
    return FilmedEvent(event_row_id=content[0], event_id=content[1])
