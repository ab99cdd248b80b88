"""Cut an H.264 byte stream into access units (ITU-T H.264, Annex B and 7.4.1.2.3).

A picture is known to be complete when the next one begins, so it comes out one picture
late; it has nevertheless arrived when its own first byte did.
"""

from surveil_adapters.camera.coded_picture import MAX_PICTURE_BYTES, CodedPicture
from surveil_adapters.camera.nal_units import (
    AHEAD_OF_A_PICTURE,
    HEAD_BYTES,
    SLICES,
    START_CODE,
    first_macroblock,
    is_readable,
    kind_of,
)
from surveil_adapters.camera.stamp_lines import StampLines
from surveil_core.errors import CameraUnavailable


class AnnexBDemuxer:
    """A `Demuxer` of an elementary stream. That has no stamps: they come beside it, or not."""

    def __init__(self, stamps: StampLines) -> None:
        self._borders = _Borders()
        self._stamps = stamps
        self._pending = bytearray()
        self._begun_at_s = self._arrived_at_s = 0.0

    def feed(self, chunk: bytes, *, arrived_at_s: float) -> list[CodedPicture]:
        """As `Demuxer` says. Raises `CameraUnavailable` when the bytes are no H.264."""
        earlier_bytes, cut, pictures = len(self._pending), 0, []
        if not earlier_bytes:
            self._begun_at_s = arrived_at_s
        self._pending += chunk
        for border in self._borders.find_in(self._pending):
            pictures.append(self._picture(bytes(self._pending[cut:border])))
            self._begun_at_s = self._arrived_at_s if border < earlier_bytes else arrived_at_s
            cut = border
        self._arrived_at_s = arrived_at_s
        del self._pending[:cut]
        self._borders.forget(cut)
        if len(self._pending) > MAX_PICTURE_BYTES:
            raise CameraUnavailable(
                f"the camera sent {len(self._pending)} bytes in which no H.264 picture ends; "
                f"set it to H.264"
            )
        return pictures

    def _picture(self, annex_b: bytes) -> CodedPicture:
        return CodedPicture(
            annex_b=annex_b, stamp_s=self._stamps.next_s(), arrived_at_s=self._begun_at_s
        )


class _Borders:
    """Finds where access units begin behind the first one, in bytes that grow at the end."""

    def __init__(self) -> None:
        self._searched_to = 0
        self._has_slice = False
        self._last_macroblock = 0

    def find_in(self, stream: bytearray) -> list[int]:
        """Return the borders that were not found before."""
        borders: list[int] = []
        while (code := stream.find(START_CODE, self._searched_to)) >= 0:
            nal = code + len(START_CODE)
            head = bytes(stream[nal : nal + HEAD_BYTES])
            if not is_readable(head):
                self._searched_to = code
                return borders
            if self._begins_unit(head):
                has_zero_byte = code > 0 and stream[code - 1] == 0
                borders.append(code - has_zero_byte)
            self._searched_to = nal
        self._searched_to = max(self._searched_to, len(stream) - len(START_CODE) + 1)
        return borders

    def forget(self, cut: int) -> None:
        """Take note that so many bytes were removed in front."""
        self._searched_to -= cut

    def _begins_unit(self, head: bytes) -> bool:
        kind = kind_of(head[0])
        had_slice = self._has_slice
        if kind in SLICES:
            macroblock = first_macroblock(head[1:])
            goes_on = macroblock is None or macroblock > self._last_macroblock
            self._has_slice, self._last_macroblock = True, macroblock or 0
            return had_slice and not goes_on
        if kind in AHEAD_OF_A_PICTURE:
            self._has_slice = False
            return had_slice
        return False
