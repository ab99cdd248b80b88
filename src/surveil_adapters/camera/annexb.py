"""Cut an H.264 byte stream into access units (ITU-T H.264, Annex B and 7.4.1.2.3).

libavcodec's parser finds the borders. It can only know that a picture is complete when
the next one begins, so a unit comes out one picture late; its stamp is nevertheless
the arrival of its own first byte. Parameter sets are remembered, since some encoders
send them once and a clip may start at any keyframe.
"""

import av
from av.video.codeccontext import VideoCodecContext

from surveil_adapters.camera.damage import DamageWatch
from surveil_core.errors import CameraUnavailable
from surveil_core.video import AccessUnit

_START_CODE = b"\x00\x00\x01"
_SLICE, _SLICE_IDR, _SPS, _PPS, _DELIMITER = 1, 5, 7, 8, 9
MAX_PENDING_BYTES = 8 * 1024 * 1024
"""More than this without a picture's end is no H.264."""


class AccessUnitSplitter:
    """Turns chunks of bytes into access units. Used by one thread.

    Yields nothing before the first keyframe; every keyframe carries its SPS and PPS.
    """

    def __init__(self) -> None:
        self._codec: VideoCodecContext = av.CodecContext.create("h264", "r")
        self._damage = DamageWatch()
        self._whole = True
        self._parameter_sets: dict[int, bytes] = {}
        self._started = False
        self._begun_at_s: float | None = None
        self._pending_bytes = 0

    @property
    def picture_size(self) -> tuple[int, int] | None:
        """Width and height in pixels, once a picture has come."""
        return (self._codec.width, self._codec.height) if self._codec.width else None

    def feed(self, chunk: bytes, *, at_s: float) -> list[AccessUnit]:
        """Take what arrived at monotonic `at_s`; return the pictures it completes.

        Raises `CameraUnavailable` when the bytes are no H.264, or too damaged.
        """
        units = []
        self._pending_bytes += len(chunk)
        for packet in self._codec.parse(chunk):
            begun_at_s = at_s if self._begun_at_s is None else self._begun_at_s
            self._begun_at_s = at_s
            self._pending_bytes = 0
            units.append(self.unit(bytes(packet), at_s=begun_at_s))
        if self._begun_at_s is None:
            self._begun_at_s = at_s
        if self._pending_bytes > MAX_PENDING_BYTES:
            raise CameraUnavailable(
                f"the camera sent {self._pending_bytes} bytes in which no H.264 picture ends; "
                f"set it to H.264"
            )
        return [unit for unit in units if unit is not None]

    def unit(self, annex_b: bytes, *, at_s: float) -> AccessUnit | None:
        """Complete one whole access unit.

        None while no keyframe has come yet, for parameter sets that come alone, and for a group
        whose keyframe does not decode. Raises `CameraUnavailable` after some such groups.
        """
        parameter_sets, slice_kind = _head_of(annex_b)
        self._parameter_sets |= parameter_sets
        keyframe = slice_kind == _SLICE_IDR
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
            self._whole = self._damage.is_sound(annex_b, at_s=at_s)
        if not self._whole:
            return None
        return AccessUnit(annex_b=annex_b, keyframe=keyframe, at_s=at_s)


def _head_of(annex_b: bytes) -> tuple[dict[int, bytes], int | None]:
    """Find the parameter sets before the first slice, and the type of that slice."""
    parameter_sets: dict[int, bytes] = {}
    start = annex_b.find(_START_CODE)
    while start >= 0 and start + 3 < len(annex_b):
        kind = annex_b[start + 3] & 0x1F
        if kind in (_SLICE, _SLICE_IDR):
            return parameter_sets, kind
        following = annex_b.find(_START_CODE, start + 3)
        if kind in (_SPS, _PPS):
            end = following if following >= 0 else len(annex_b)
            nal = b"\x00" + annex_b[start:end].rstrip(b"\x00")
            parameter_sets[kind] = parameter_sets.get(kind, b"") + nal
        start = following
    return parameter_sets, None


def _insert_after_delimiter(annex_b: bytes, nals: bytes) -> bytes:
    """Put `nals` in front; an access unit delimiter, where there is one, stays first."""
    first = annex_b.find(_START_CODE)
    if annex_b[first + 3] & 0x1F != _DELIMITER:
        return nals + annex_b
    second = annex_b.find(_START_CODE, first + 3)
    return annex_b[:second] + nals + annex_b[second:]
