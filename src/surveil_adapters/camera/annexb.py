"""Cut an H.264 byte stream into access units (ITU-T H.264, Annex B and 7.4.1.2.3).

A picture is known to be complete when the next one begins, so a unit comes out one picture
late; its stamp is nevertheless the arrival of its own first byte. Parameter sets are
remembered, since some encoders send them once and a clip may start at any keyframe.
"""

from surveil_adapters.camera.damage import DamageWatch
from surveil_adapters.camera.nal_units import (
    AHEAD_OF_A_PICTURE,
    HEAD_BYTES,
    SLICES,
    START_CODE,
    NalKind,
    first_macroblock,
    is_readable,
    kind_of,
    picture_size,
)
from surveil_core.errors import CameraUnavailable
from surveil_core.video import AccessUnit

_LONG_START_CODE = b"\x00" + START_CODE

MAX_PENDING_BYTES = 8 * 1024 * 1024
"""More than this without a picture's end is no H.264."""


class AccessUnitSplitter:
    """Turns chunks of bytes into access units. Used by one thread; `close` by any.

    Yields nothing before the first keyframe; every keyframe carries its SPS and PPS.
    """

    def __init__(self, damage: DamageWatch) -> None:
        self.picture_size: tuple[int, int] | None = None
        """Width and height in pixels, once a keyframe has come."""
        self._damage = damage
        self._parameter_sets: dict[int, bytes] = {}
        self._measured_sps = b""
        self._started = False
        self._borders = _Borders()
        self._pending = bytearray()
        self._begun_at_s = self._arrived_at_s = 0.0

    def feed(self, chunk: bytes, *, at_s: float) -> list[AccessUnit]:
        """Take what arrived at monotonic `at_s`; return the pictures it completes.

        Raises `CameraUnavailable` when the bytes are no H.264, or too damaged.
        """
        earlier_bytes, cut, units = len(self._pending), 0, []
        if not earlier_bytes:
            self._begun_at_s = at_s
        self._pending += chunk
        for border in self._borders.find_in(self._pending):
            units.append(self.unit(bytes(self._pending[cut:border]), at_s=self._begun_at_s))
            self._begun_at_s = self._arrived_at_s if border < earlier_bytes else at_s
            cut = border
        self._arrived_at_s = at_s
        del self._pending[:cut]
        self._borders.forget(cut)
        if len(self._pending) > MAX_PENDING_BYTES:
            raise CameraUnavailable(
                f"the camera sent {len(self._pending)} bytes in which no H.264 picture ends; "
                f"set it to H.264"
            )
        return [unit for unit in units if unit is not None]

    def close(self) -> None:
        """Look at nothing any more. Closing twice is safe."""
        self._damage.close()

    def unit(self, annex_b: bytes, *, at_s: float) -> AccessUnit | None:
        """Complete one whole access unit.

        None while no keyframe has come yet, and for parameter sets that come alone. Raises
        `CameraUnavailable` when the last keyframes did not decode.
        """
        parameter_sets, slice_kind = _head_of(annex_b)
        self._parameter_sets |= parameter_sets
        keyframe = slice_kind == NalKind.SLICE_IDR
        if keyframe:
            missing = [
                nals
                for kind, nals in sorted(self._parameter_sets.items())
                if kind not in parameter_sets
            ]
            annex_b = _insert_after_delimiter(annex_b, b"".join(missing))
            self._started = self._started or len(self._parameter_sets) == 2
        if not self._started or slice_kind is None:
            return None
        if keyframe:
            self._learn_size()
            self._damage.note(annex_b, at_s=at_s)
        return AccessUnit(annex_b=annex_b, keyframe=keyframe, at_s=at_s)

    def _learn_size(self) -> None:
        sps = self._parameter_sets[NalKind.SPS]
        if sps != self._measured_sps:
            self._measured_sps = sps
            self.picture_size = picture_size(sps[len(_LONG_START_CODE) :])


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


def _head_of(annex_b: bytes) -> tuple[dict[int, bytes], int | None]:
    """Find the parameter sets before the first slice, and the kind of that slice."""
    parameter_sets: dict[int, bytes] = {}
    start = annex_b.find(START_CODE)
    while start >= 0 and start + 3 < len(annex_b):
        kind = kind_of(annex_b[start + 3])
        if kind in SLICES:
            return parameter_sets, kind
        following = annex_b.find(START_CODE, start + 3)
        if kind in (NalKind.SPS, NalKind.PPS):
            end = following if following >= 0 else len(annex_b)
            nal = _LONG_START_CODE + annex_b[start + 3 : end].rstrip(b"\x00")
            parameter_sets[kind] = parameter_sets.get(kind, b"") + nal
        start = following
    return parameter_sets, None


def _insert_after_delimiter(annex_b: bytes, nals: bytes) -> bytes:
    """Put `nals` in front; an access unit delimiter, where there is one, stays first."""
    first = annex_b.find(START_CODE)
    if kind_of(annex_b[first + 3]) != NalKind.DELIMITER:
        return nals + annex_b
    second = annex_b.find(START_CODE, first + 3)
    return annex_b[:second] + nals + annex_b[second:]
