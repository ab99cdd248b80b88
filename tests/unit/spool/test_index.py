"""The lines beside a raw stream, whole or torn."""

import io
import zlib
from datetime import UTC, datetime
from typing import Any

from attrs import asdict, evolve
from hypothesis import given
from hypothesis import strategies as st

from surveil_adapters.spool.index import (
    end_line,
    event_line,
    label_line,
    picture_line,
    read_index,
)
from surveil_core.ports.spool import ClipLabel, FilmedEvent
from surveil_core.video import AccessUnit, VideoFormat

events = st.builds(
    FilmedEvent,
    event_row_id=st.integers(1, 2**63 - 1),
    event_id=st.text(st.characters(), min_size=1, max_size=20),
)
labels = st.builds(
    ClipLabel,
    event=events,
    triggered_at_s=st.floats(0, 1e9),
    triggered_at_utc=st.datetimes(timezones=st.just(UTC)),
    format=st.builds(VideoFormat, width=st.integers(16, 4096)),
    camera_number=st.integers(1, 9),
)
units = st.builds(
    AccessUnit, annex_b=st.binary(max_size=40), keyframe=st.booleans(), at_s=st.floats(0, 1e9)
)
lines = st.lists(st.one_of(units.map(picture_line), events.map(event_line)), max_size=12)
END_UTC = datetime(2025, 1, 15, 14, 30, 45, 123456, tzinfo=UTC)
UNTIL_S = 112.5


def told(text: bytes) -> dict[str, Any] | None:
    """Read an index; all that it says, as it can be compared."""
    index = read_index(io.BytesIO(text))
    if index is None:
        return None
    fields = asdict(index, recurse=False)
    return fields | {"samples": list(index.samples), "crc32s": list(index.crc32s)}


@given(labels, st.lists(units, max_size=5), st.lists(events, max_size=3))
def test_what_is_written_is_read(
    label: ClipLabel, pictures: list[AccessUnit], more: list[FilmedEvent]
) -> None:
    """Every value comes back as it was, and the end brings the right time."""
    index = read_index(
        [
            label_line(label),
            *map(picture_line, pictures),
            *map(event_line, more),
            end_line(END_UTC, UNTIL_S),
        ]
    )
    assert index is not None
    assert index.label == evolve(label, triggered_at_utc=END_UTC)
    assert index.events == (label.event, *more)
    assert [(s.size_bytes, s.is_keyframe, s.at_s) for s in index.samples] == [
        (len(unit.annex_b), unit.keyframe, unit.at_s) for unit in pictures
    ]
    assert list(index.crc32s) == [zlib.crc32(unit.annex_b) for unit in pictures]
    assert (index.complete, index.until_s) == (True, UNTIL_S)


@given(labels, lines, st.data())
def test_torn_index_is_read_to_its_last_whole_line(
    label: ClipLabel, more: list[bytes], data: st.DataObject
) -> None:
    """Whatever the byte at which it ends, and whatever follows, no whole line is lost."""
    written = [label_line(label), *more, end_line(END_UTC, UNTIL_S)]
    text = b"".join(written)
    size_bytes = data.draw(st.integers(0, len(text)))
    whole, left_bytes = [], size_bytes
    for line in written:
        left_bytes -= len(line)
        if left_bytes < 0:
            break
        whole.append(line)
    garbage = data.draw(st.sampled_from([b"", b"\x00" * 50, b"\x00\n", b"00000000 {}\n"]))
    assert told(text[:size_bytes] + garbage) == told(b"".join(whole))


@given(st.binary(max_size=200))
def test_any_bytes_are_no_index(text: bytes) -> None:
    """Garbage is told apart from an index, and does no harm."""
    assert told(text) is None


@given(labels, st.lists(units, min_size=1, max_size=4), st.data())
def test_flipped_byte_ends_the_index(
    label: ClipLabel, pictures: list[AccessUnit], data: st.DataObject
) -> None:
    """A damaged line is not believed, nor what follows it."""
    text = bytearray(b"".join([label_line(label), *map(picture_line, pictures)]))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= data.draw(st.integers(1, 255))
    index = read_index(io.BytesIO(text))
    crc32s = [] if index is None else list(index.crc32s)
    assert crc32s == [zlib.crc32(unit.annex_b) for unit in pictures][: len(crc32s)]
    assert len(crc32s) < len(pictures)
