"""The text that rpicam-vid writes beside its pictures."""

from hypothesis import given
from hypothesis import strategies as st

from surveil_adapters.camera.stamp_lines import MAX_LINE_BYTES, StampLines

TEXT = b"# timecode format v2\n0.000\n66.641\n133.282\n"


@given(st.integers(0, len(TEXT)))
def test_each_line_is_a_picture_however_the_text_is_cut(cut: int) -> None:
    """In seconds; then there is none yet."""
    lines = StampLines()
    lines.feed(TEXT[:cut])
    lines.feed(TEXT[cut:])
    assert [lines.next_s() for _ in range(4)] == [0.0, 0.066641, 0.133282, None]


def test_a_line_that_comes_too_late_is_not_given_to_another_picture() -> None:
    """A program that does not flush its lines gives none for a while."""
    lines = StampLines()
    assert lines.next_s() is None
    lines.feed(b"0.000\n66.000\n")
    assert lines.next_s() == 0.066


def test_what_is_no_time_says_nothing_of_its_picture_only() -> None:
    """Words, not-a-number, and a line without an end."""
    lines = StampLines()
    lines.feed(b"soon\nnan\n1e999\n\n" + b"9" * 3 * MAX_LINE_BYTES)
    lines.feed(b"9" * MAX_LINE_BYTES + b"\n200\n")
    assert [lines.next_s() for _ in range(6)] == [None] * 5 + [0.2]


@given(st.lists(st.binary(max_size=40)))
def test_no_text_is_an_error(chunks: list[bytes]) -> None:
    """It comes from a program that is not ours."""
    lines = StampLines()
    for chunk in chunks:
        lines.feed(chunk)
        lines.next_s()
