"""Reading a clock from pictures."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hil.burnt_in_clock import (
    CELL_HEIGHT,
    CELL_WIDTH,
    GLYPHS,
    LEFT,
    TOP,
    Frame,
    Unreadable,
    clock_ms,
)

WIDTH, HEIGHT = 160, 48
COLON = bytes.fromhex("00000000181800000018180000000000")


def picture_of(text: str, *, wrong_pixels: int = 0, white: int = 235) -> Frame:
    """Draw a clock as vivid does; some pixels of each digit come out wrong."""
    luma = bytearray(WIDTH * HEIGHT)
    dice = random.Random(text)
    for place, character in enumerate(text):
        glyph = GLYPHS[int(character)] if character.isdigit() else COLON
        wrong = dice.sample(range(CELL_WIDTH * CELL_HEIGHT), wrong_pixels)
        for number in range(CELL_WIDTH * CELL_HEIGHT):
            y, x = divmod(number, CELL_WIDTH)
            is_bright = bool(glyph[y] >> (7 - x) & 1) != (number in wrong)
            luma[(TOP + y) * WIDTH + LEFT + place * CELL_WIDTH + x] = white if is_bright else 16
    return Frame(bytes(luma), WIDTH)


@given(st.integers(min_value=0, max_value=24 * 3600 * 1000 - 1))
def test_any_time_is_read(time_ms: int) -> None:
    """Every digit at every place, with two wrong pixels each."""
    seconds, ms = divmod(time_ms, 1000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{ms:03}"
    assert clock_ms(picture_of(text, wrong_pixels=2)) == time_ms


def test_a_clock_without_light_is_read() -> None:
    """What is white else is grey then."""
    assert clock_ms(picture_of("01:02:03:456", wrong_pixels=2, white=107)) == 3_723_456


def test_what_is_no_clock_is_not_read() -> None:
    """A bright wall has no digits."""
    with pytest.raises(Unreadable, match="cell 0"):
        clock_ms(Frame(bytes([235]) * (WIDTH * HEIGHT), WIDTH))
