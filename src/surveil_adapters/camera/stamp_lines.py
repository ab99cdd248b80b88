"""The times that rpicam-vid writes beside its pictures (`--save-pts`, "timecode format v2").

A line a picture, in milliseconds since the first; lines that begin with `#` are comments.
The program writes a line behind its picture, so it is there when the next picture is.
"""

import math
from collections import deque

MAX_LINE_BYTES = 1000
"""A longer line is no time."""


class StampLines:
    """Stamps in the order of the pictures. Used by one thread."""

    def __init__(self) -> None:
        self._pending = b""
        self._stamps_s: deque[float | None] = deque()
        self._overdue = 0

    def feed(self, chunk: bytes) -> None:
        """Take more of the text; what is no time says nothing of its picture."""
        *lines, pending = (self._pending + chunk).split(b"\n")
        self._pending = pending[:MAX_LINE_BYTES]
        for line in lines:
            if not line.startswith(b"#"):
                self._take(_seconds_of(line))

    def next_s(self) -> float | None:
        """Say the stamp of the next picture in seconds; None if there is none yet."""
        if self._stamps_s:
            return self._stamps_s.popleft()
        self._overdue += 1
        return None

    def _take(self, stamp_s: float | None) -> None:
        if self._overdue:
            self._overdue -= 1  # it comes too late: that picture has gone without
        else:
            self._stamps_s.append(stamp_s)


def _seconds_of(line: bytes) -> float | None:
    try:
        milliseconds = float(line)
    except ValueError:
        return None
    return milliseconds / 1000 if math.isfinite(milliseconds) else None
