"""`Range` headers, as a table; and the laws of what they select."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil_adapters.web.byte_range import ByteRange, RangeNotSatisfiable, maybe_byte_range

WHOLE = None
REFUSED = "416"


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, WHOLE),
        ("", WHOLE),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-99", (0, 100)),
        ("bytes=0-", (0, 100)),
        ("bytes=99-", (99, 1)),
        ("bytes=10-19", (10, 10)),
        ("bytes=10-1000", (10, 90)),
        ("bytes=-1", (99, 1)),
        ("bytes=-100", (0, 100)),
        ("bytes=-1000", (0, 100)),
        ("BYTES=1-2", (1, 2)),
        ("bytes= 1-2 ", (1, 2)),
        ("bytes=100-", REFUSED),
        ("bytes=100-200", REFUSED),
        ("bytes=-0", REFUSED),
        ("bytes=2-1", WHOLE),
        ("bytes=-", WHOLE),
        ("bytes=", WHOLE),
        ("bytes=a-b", WHOLE),
        ("bytes=0x1-2", WHOLE),
        ("bytes=1", WHOLE),
        ("bytes=0-1,3-4", WHOLE),
        ("bytes=١-٢", WHOLE),
        (f"bytes={'9' * 5000}-", WHOLE),
        ("items=0-1", WHOLE),
        ("bytes 0-1", WHOLE),
    ],
)
def test_the_table(header: str | None, wanted: object) -> None:
    """Every kind of header, for a video of 100 bytes."""
    if wanted is REFUSED:
        with pytest.raises(RangeNotSatisfiable):
            maybe_byte_range(header, total_bytes=100)
        return
    part = maybe_byte_range(header, total_bytes=100)
    assert (part and (part.offset, part.length_bytes)) == wanted


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-5", "bytes=0-0"])
def test_nothing_of_an_empty_video_can_be_selected(header: str) -> None:
    """No range fits into no bytes."""
    with pytest.raises(RangeNotSatisfiable):
        maybe_byte_range(header, total_bytes=0)


def test_content_range_names_the_last_byte() -> None:
    """`Content-Range` counts inclusively (RFC 9110, 14.4)."""
    part = ByteRange(offset=10, length_bytes=5, total_bytes=100)

    assert part.content_range == "bytes 10-14/100"


@given(
    first=st.integers(0, 10**6) | st.none(),
    last=st.integers(0, 10**6) | st.none(),
    total_bytes=st.integers(1, 10**6),
)
def test_a_part_lies_inside_the_whole(
    first: int | None, last: int | None, total_bytes: int
) -> None:
    """Whatever is asked for, what is selected exists."""
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    try:
        part = maybe_byte_range(header, total_bytes=total_bytes)
    except RangeNotSatisfiable:
        assert (first is None and last == 0) or (first is not None and first >= total_bytes)
        return
    if part is not None:
        assert part.length_bytes >= 1
        assert 0 <= part.offset <= part.offset + part.length_bytes <= total_bytes


@given(st.text(max_size=40).map("bytes={}".format) | st.text(max_size=40))
def test_no_header_breaks_it(header: str) -> None:
    """Any text is a part, the whole, or refused; never another error."""
    try:
        maybe_byte_range(header, total_bytes=100)
    except RangeNotSatisfiable:
        assert header.lower().startswith("bytes=")
