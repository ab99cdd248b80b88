"""Complete coded pictures: a time on our clock, and parameter sets with every keyframe.

Parameter sets are remembered, since some encoders send them once and a clip may start at
any keyframe.
"""

from surveil_adapters.camera.coded_picture import CodedPicture
from surveil_adapters.camera.damage import DamageWatch
from surveil_adapters.camera.nal_units import SLICES, START_CODE, NalKind, kind_of, picture_size
from surveil_core.source_clock import PlacedPicture, place_picture
from surveil_core.video import AccessUnit

_LONG_START_CODE = b"\x00" + START_CODE


class AccessUnitMaker:
    """Turns the pictures of one run of a camera into access units.

    Used by one thread; `close` by any. Yields nothing before the first keyframe; every
    keyframe carries its SPS and PPS.
    """

    def __init__(self, damage: DamageWatch) -> None:
        self.picture_size: tuple[int, int] | None = None
        """Width and height in pixels, once a keyframe has come."""
        self._damage = damage
        self._placed: PlacedPicture | None = None
        self._parameter_sets: dict[int, bytes] = {}
        self._measured_sps = b""
        self._started = False

    def close(self) -> None:
        """Look at nothing any more. Closing twice is safe."""
        self._damage.close()

    def unit(self, picture: CodedPicture) -> AccessUnit | None:
        """Complete one whole picture.

        None while no keyframe has come yet, and for parameter sets that come alone. Raises
        `CameraUnavailable` when the last keyframes did not decode.
        """
        annex_b = picture.annex_b
        parameter_sets, slice_kind = _head_of(annex_b)
        self._parameter_sets |= parameter_sets
        keyframe = slice_kind == NalKind.SLICE_IDR
        if keyframe:
            annex_b = self._with_parameter_sets(annex_b, parameter_sets)
            self._started = self._started or len(self._parameter_sets) == 2
        if not self._started or slice_kind is None:
            return None
        self._placed = place_picture(
            self._placed,
            stamp_s=picture.stamp_s,
            arrived_at_s=picture.arrived_at_s,
            stamp_is_monotonic=picture.stamp_is_monotonic,
        )
        if keyframe:
            self._learn_size()
            self._damage.note(annex_b, at_s=self._placed.at_s)
        return AccessUnit(annex_b=annex_b, keyframe=keyframe, at_s=self._placed.at_s)

    def _with_parameter_sets(self, annex_b: bytes, present: dict[int, bytes]) -> bytes:
        missing = [
            nals for kind, nals in sorted(self._parameter_sets.items()) if kind not in present
        ]
        return _insert_after_delimiter(annex_b, b"".join(missing))

    def _learn_size(self) -> None:
        sps = self._parameter_sets[NalKind.SPS]
        if sps != self._measured_sps:
            self._measured_sps = sps
            self.picture_size = picture_size(sps[len(_LONG_START_CODE) :])


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
