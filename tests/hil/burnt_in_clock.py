"""Reads the clock that vivid burns into each picture: the camera's own word on its time.

vivid writes ` hh:mm:ss:mmm` since the start of its stream, with the kernel's font VGA8x16, from
column 16 and line 16 on (drivers/media/test-drivers/vivid/vivid-kthread-cap.c). Coding
blurs it, so each cell is the digit whose glyph correlates best with it, in whatever light.
"""

import subprocess
from collections.abc import Sequence
from itertools import compress
from pathlib import Path

from attrs import frozen

LEFT, TOP = 24, 16
"""Of the first digit: the text begins with a blank."""

CELL_WIDTH, CELL_HEIGHT = 8, 16
_PLACES = (0, 1, 3, 4, 6, 7, 9, 10, 11)
"""Cells that hold digits; colons are between them."""

_UNITS_MS = (36_000_000, 3_600_000, 600_000, 60_000, 10_000, 1_000, 100, 10, 1)
_LEAST_ALIKE = 0.5
"""Correlation of a cell with its digit; that of a digit with another is below 0.85."""

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


_PIXELS = tuple(
    ([bool(line >> (7 - x) & 1) for line in glyph for x in range(CELL_WIDTH)], lit)
    for glyph in GLYPHS
    for lit in [sum(line.bit_count() for line in glyph)]
)
"""Of each digit those that are bright, and how many."""


class Unreadable(Exception):
    """A cell looks like no digit."""


@frozen
class Frame:
    """A decoded picture: `luma` has `width` bytes a line."""

    luma: bytes
    width: int

    def cell(self, left: int, top: int) -> bytes:
        """Cut a cell out, line by line."""
        starts = (y * self.width + left for y in range(top, top + CELL_HEIGHT))
        return b"".join(self.luma[start : start + CELL_WIDTH] for start in starts)


def clock_ms(frame: Frame) -> int:
    """Read the clock of a picture. Raises `Unreadable` naming the cell."""
    total_ms = 0
    for place, unit_ms in zip(_PLACES, _UNITS_MS, strict=True):
        alike = _likeness(frame.cell(LEFT + place * CELL_WIDTH, TOP))
        if max(alike) < _LEAST_ALIKE:
            raise Unreadable(f"cell {place} is no digit: the most alike is so by {max(alike):.2f}")
        total_ms += alike.index(max(alike)) * unit_ms
    return total_ms


def clocks_of(video: Path, *, width: int, height: int) -> Sequence[float]:
    """Decode a video of the virtual camera and read the clock of each picture, in seconds."""
    return [clock_ms(frame) / 1000 for frame in frames_of(video, width=width, height=height)]


def frames_of(video: Path, *, width: int, height: int) -> Sequence[Frame]:
    """Decode a video, each picture once."""
    command = ["ffmpeg", "-v", "error", "-i", str(video), "-fps_mode", "passthrough"]
    command += ["-f", "rawvideo", "-pix_fmt", "gray", "-"]
    decoded = subprocess.run(command, capture_output=True, check=True).stdout
    size = width * height
    return [Frame(decoded[at : at + size], width) for at in range(0, len(decoded), size)]


def _likeness(cell: bytes) -> Sequence[float]:
    """Correlate a cell with each digit: 1 for the digit itself, 0 for an even wall."""
    mean = sum(cell) / len(cell)
    deviation = sum((value - mean) ** 2 for value in cell) ** 0.5
    if not deviation:
        return [0.0] * len(_PIXELS)
    return [
        (sum(compress(cell, pixels)) - mean * lit) / (deviation * (lit - lit**2 / len(cell)) ** 0.5)
        for pixels, lit in _PIXELS
    ]
