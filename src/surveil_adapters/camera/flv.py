"""Take H.264 pictures and their time stamps out of FLV, as ffmpeg writes it into a pipe.

FLV is the smallest container that ffmpeg and rpicam-vid can write live: each picture is a
tag with its time in ms (Adobe Flash Video File Format 10.1, annex E.4). Pictures are length
prefixed in it, and the parameter sets may stand in front of all only (ISO/IEC 14496-15, 5.3).
"""

from collections.abc import Iterator

from surveil_adapters.camera.coded_picture import MAX_PICTURE_BYTES, CodedPicture
from surveil_core.errors import CameraUnavailable

_SIGNATURE = b"FLV\x01"
_HEADER_BYTES = 13  # with the size of the tag before the first, which is 0
_TAG_HEADER_BYTES = 11
_TAG_TRAILER_BYTES = 4
_VIDEO_TAG = 9
_VIDEO_HEADER_BYTES = 5
_CODEC_MASK = 0x8F  # with the bit that says that a newer codec follows by name
_AVC = 7
_PARAMETER_SETS, _PICTURE = 0, 1
_START_CODE = b"\x00\x00\x00\x01"
_STAMP_RANGE_MS = 1 << 31
"""ffmpeg's stamps begin anew after these: 24.9 days."""


class FlvDemuxer:
    """A `Demuxer` of FLV. `stamps_are_monotonic` says that they are the monotonic clock's."""

    def __init__(self, *, stamps_are_monotonic: bool = False) -> None:
        self._stamps_are_monotonic = stamps_are_monotonic
        self._pending = bytearray()
        self._has_header = False
        self._length_bytes = 4
        self._stamp_ms: int | None = None

    def feed(self, chunk: bytes, *, arrived_at_s: float) -> list[CodedPicture]:
        """As `Demuxer` says. Raises `CameraUnavailable` when it is no FLV of H.264."""
        self._pending += chunk
        if self._stamps_are_monotonic:
            self._stamp_ms = round(arrived_at_s * 1000)  # what they count from is next to it
        if not self._has_header and not self._take_header():
            return []
        pictures = []
        for stamp_ms, body in self._tags():
            annex_b = self._annex_b_of(body)
            if annex_b:
                picture = CodedPicture(
                    annex_b=annex_b,
                    stamp_s=self._unwrapped_ms(stamp_ms) / 1000,
                    arrived_at_s=arrived_at_s,
                    stamp_is_monotonic=self._stamps_are_monotonic,
                )
                pictures.append(picture)
        return pictures

    def _take_header(self) -> bool:
        if not self._pending.startswith(_SIGNATURE[: len(self._pending)]):
            raise CameraUnavailable(
                f"the camera's program sent {bytes(self._pending[:8])!r}, expected FLV"
            )
        if len(self._pending) < _HEADER_BYTES:
            return False
        del self._pending[:_HEADER_BYTES]
        self._has_header = True
        return True

    def _tags(self) -> Iterator[tuple[int, bytes]]:
        """Cut off the whole tags; yield stamp and body of those with video."""
        while len(self._pending) >= _TAG_HEADER_BYTES:
            body_bytes = int.from_bytes(self._pending[1:4])
            if body_bytes > MAX_PICTURE_BYTES:
                raise CameraUnavailable(
                    f"the camera sent a picture of {body_bytes} bytes, "
                    f"expected at most {MAX_PICTURE_BYTES}"
                )
            end = _TAG_HEADER_BYTES + body_bytes
            if len(self._pending) < end + _TAG_TRAILER_BYTES:
                return
            kind, stamp_ms = self._pending[0], int.from_bytes(self._pending[4:7])
            stamp_ms |= self._pending[7] << 24
            body = bytes(self._pending[_TAG_HEADER_BYTES:end])
            del self._pending[: end + _TAG_TRAILER_BYTES]
            if kind == _VIDEO_TAG:
                yield stamp_ms, body

    def _annex_b_of(self, body: bytes) -> bytes:
        """Give the NAL units in a video tag start codes; empty where it has none."""
        if len(body) < _VIDEO_HEADER_BYTES:
            return b""
        if body[0] & _CODEC_MASK != _AVC:
            raise CameraUnavailable(
                f"the camera's program sent video of FLV's codec {body[0] & _CODEC_MASK}, "
                f"expected {_AVC}, which is H.264; set the camera to H.264"
            )
        kind, payload = body[1], body[_VIDEO_HEADER_BYTES:]
        if kind == _PARAMETER_SETS and len(payload) > _SETS_AT:
            self._length_bytes = (payload[4] & 0x03) + 1
            return _joined(_parameter_sets_in(payload))
        if kind == _PICTURE:
            return _joined(_cut(payload, self._length_bytes))
        return b""

    def _unwrapped_ms(self, stamp_ms: int) -> int:
        """Go on counting where the stamps begin anew; a clock may be set back as well."""
        if self._stamp_ms is None:
            self._stamp_ms = stamp_ms
        half = _STAMP_RANGE_MS // 2
        self._stamp_ms += (stamp_ms - self._stamp_ms + half) % _STAMP_RANGE_MS - half
        return self._stamp_ms


_SETS_AT = 5
"""Where in the decoder's configuration the SPS begin, after their number (5.3.3.1.2)."""


def _parameter_sets_in(configuration: bytes) -> Iterator[bytes]:
    """List the SPS, then the PPS."""
    at = _SETS_AT
    for count_mask in (0x1F, 0xFF):
        if at >= len(configuration):
            return
        count, at = configuration[at] & count_mask, at + 1
        for _ in range(count):
            nal_bytes = int.from_bytes(configuration[at : at + 2])
            yield configuration[at + 2 : at + 2 + nal_bytes]
            at += 2 + nal_bytes


def _cut(payload: bytes, length_bytes: int) -> Iterator[bytes]:
    """List the NAL units of a picture; a damaged length ends it."""
    at = 0
    while at + length_bytes < len(payload):
        start = at + length_bytes
        at = start + int.from_bytes(payload[at:start])
        yield payload[start:at]


def _joined(nals: Iterator[bytes]) -> bytes:
    return b"".join(_START_CODE + nal for nal in nals if nal)
