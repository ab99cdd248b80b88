"""Reads the clock that vivid burns into each picture: the camera's own word on its time.

vivid writes ` hh:mm:ss:mmm` since the start of its stream, with the kernel's font VGA8x16, from
column 16 and line 16 on (drivers/media/test-drivers/vivid/vivid-kthread-cap.c). Coding
blurs it, so each cell is the digit whose glyph differs least.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

LEFT, TOP = 24, 16
"""Of the first digit: the text begins with a blank."""

CELL_WIDTH, CELL_HEIGHT = 8, 16
_PLACES = (0, 1, 3, 4, 6, 7, 9, 10, 11)
"""Cells that hold digits; colons are between them."""

_UNITS_MS = (36_000_000, 3_600_000, 600_000, 60_000, 10_000, 1_000, 100, 10, 1)
_MOST_WRONG_PIXELS = 24
"""Of 128. What is further from every digit is none; the nearest wins, and two of them are 11
pixels apart at least."""

GLYPHS = tuple(
    bytes.fromhex(f"0000{rows}00000000")
    for rows in (
        "386cc6c6d6d6c6c66c38",
        "1838781818181818187e",
        "7cc6060c183060c0c6fe",
        "7cc606063c060606c67c",
        "0c1c3c6cccfe0c0c0c1e",
        "fec0c0c0fc060606c67c",
        "3860c0c0fcc6c6c6c67c",
        "fec606060c1830303030",
        "7cc6c6c67cc6c6c6c67c",
        "7cc6c6c67e0606060c78",
    )
)
"""The kernel's digits, a byte per line, the leftmost pixel in its highest bit."""


class Unreadable(Exception):
    """A cell looks like no digit."""


@frozen
class Frame:
    """A decoded picture: `luma` has `width` bytes a line."""

    luma: bytes
    width: int

    def cell(self, left: int, top: int) -> bytes:
        """Read a cell as a glyph is written: bright pixels are ones."""
        lines = []
        for y in range(top, top + CELL_HEIGHT):
            start = y * self.width + left
            pixels = self.luma[start : start + CELL_WIDTH]
            lines.append(sum((value > 127) << (7 - x) for x, value in enumerate(pixels)))
        return bytes(lines)


def clock_ms(frame: Frame) -> int:
    """Read the clock of a picture. Raises `Unreadable` naming the cell."""
    total_ms = 0
    for place, unit_ms in zip(_PLACES, _UNITS_MS, strict=True):
        seen = frame.cell(LEFT + place * CELL_WIDTH, TOP)
        wrong = [_difference(seen, glyph) for glyph in GLYPHS]
        if min(wrong) > _MOST_WRONG_PIXELS:
            raise Unreadable(f"cell {place} is {seen.hex()}, {min(wrong)} pixels from any digit")
        total_ms += wrong.index(min(wrong)) * unit_ms
    return total_ms


def clocks_of(video: Path, *, width: int, height: int) -> Sequence[float]:
    """Decode a video of the virtual camera and read the clock of each picture, in seconds."""
    command = ["ffmpeg", "-v", "error", "-i", str(video), "-fps_mode", "passthrough"]
    command += ["-f", "rawvideo", "-pix_fmt", "gray", "-"]
    decoded = subprocess.run(command, capture_output=True, check=True).stdout
    size = width * height
    frames = [Frame(decoded[at : at + size], width) for at in range(0, len(decoded), size)]
    return [clock_ms(frame) / 1000 for frame in frames]


def _difference(one: bytes, other: bytes) -> int:
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))
