"""The few words of an H.264 NAL unit that tell what it is (ITU-T H.264, 7.3 and 7.4).

All of it comes from a camera and may be anything: what cannot be read is None, never an error.
"""

from enum import IntEnum

START_CODE = b"\x00\x00\x01"

HEAD_BYTES = 8
"""So much of a NAL unit holds its kind and, of a slice, the number of its first macroblock."""

_MAX_SPS_BYTES = 1024
_MIN_SIDE_PX, _MAX_SIDE_PX = 16, 16384


class NalKind(IntEnum):
    """`nal_unit_type` (table 7-1), as far as we look at it."""

    SLICE = 1
    PARTITION_A = 2
    SLICE_IDR = 5
    SEI = 6
    SPS = 7
    PPS = 8
    DELIMITER = 9


SLICES = frozenset({NalKind.SLICE, NalKind.PARTITION_A, NalKind.SLICE_IDR})
"""What a picture consists of."""

AHEAD_OF_A_PICTURE = frozenset({NalKind.SEI, NalKind.SPS, NalKind.PPS, NalKind.DELIMITER})
"""Behind a slice, the next access unit begins with these (7.4.1.2.3).

So it does with kinds 14 to 18, but a prefix NAL unit (14) also stands between two slices of one
picture: those are left to the slice that follows.
"""


class _Bits:
    """Reads a NAL unit's payload. Raises `IndexError` at its end."""

    def __init__(self, payload: bytes) -> None:
        self._bytes = payload.replace(b"\x00\x00\x03", b"\x00\x00")  # 7.4.1, emulation prevention
        self._at = 0

    def take(self, count: int) -> int:
        """Read an unsigned number, `u(n)`."""
        value = 0
        for _ in range(count):
            byte = self._bytes[self._at >> 3]
            value = value << 1 | byte >> (7 - (self._at & 7)) & 1
            self._at += 1
        return value

    def unsigned(self) -> int:
        """Read `ue(v)` (9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise IndexError("no Exp-Golomb code is so long")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """Read `se(v)` (9.1.1)."""
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def kind_of(header: int) -> int:
    """Name a NAL unit by its first byte."""
    return header & 0x1F


def is_readable(head: bytes) -> bool:
    """Say if the first bytes of a NAL unit are enough to know what it is."""
    if not head or len(head) >= HEAD_BYTES:
        return bool(head)
    return kind_of(head[0]) not in SLICES or first_macroblock(head[1:]) is not None


def first_macroblock(payload: bytes) -> int | None:
    """Read `first_mb_in_slice` behind a slice's header: 0 for a picture's first one (7.3.3)."""
    try:
        return _Bits(payload).unsigned()
    except IndexError:
        return None


def picture_size(sps: bytes) -> tuple[int, int] | None:
    """Read width and height in pixels, cropped, from a SPS with its header (7.3.2.1.1)."""
    try:
        size = _size_in(_Bits(sps[1:_MAX_SPS_BYTES]), profile=sps[1])
    except IndexError:
        return None
    return size if all(_MIN_SIDE_PX <= side_px <= _MAX_SIDE_PX for side_px in size) else None


_WITH_CHROMA_FORMAT = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
"""`profile_idc` of the profiles whose parameter sets name a chroma format."""


def _size_in(bits: _Bits, *, profile: int) -> tuple[int, int]:
    bits.take(24)  # profile, constraints, level
    bits.unsigned()  # seq_parameter_set_id
    chroma_format = _skip_chroma(bits) if profile in _WITH_CHROMA_FORMAT else 1
    bits.unsigned()  # log2_max_frame_num_minus4
    _skip_picture_order(bits)
    bits.unsigned()  # max_num_ref_frames
    bits.take(1)  # gaps_in_frame_num_value_allowed_flag
    width_mbs, height_maps = bits.unsigned() + 1, bits.unsigned() + 1
    fields = 1 if bits.take(1) else 2  # frame_mbs_only_flag
    if fields == 2:
        bits.take(1)  # mb_adaptive_frame_field_flag
    bits.take(1)  # direct_8x8_inference_flag
    across, down = _crop(bits)
    unit_across = 2 if chroma_format in (1, 2) else 1
    unit_down = (2 if chroma_format == 1 else 1) * fields
    return 16 * width_mbs - unit_across * across, 16 * height_maps * fields - unit_down * down


def _skip_chroma(bits: _Bits) -> int:
    """Read up to the scaling lists; return `ChromaArrayType`."""
    chroma_format = bits.unsigned()
    separate_planes = bits.take(1) if chroma_format == 3 else 0
    bits.unsigned()  # bit_depth_luma_minus8
    bits.unsigned()  # bit_depth_chroma_minus8
    bits.take(1)  # qpprime_y_zero_transform_bypass_flag
    if bits.take(1):  # seq_scaling_matrix_present_flag
        for number in range(12 if chroma_format == 3 else 8):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if number < 6 else 64)
    return 0 if separate_planes else chroma_format


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _skip_picture_order(bits: _Bits) -> None:
    kind = bits.unsigned()  # pic_order_cnt_type
    if kind == 0:
        bits.unsigned()  # log2_max_pic_order_cnt_lsb_minus4
    elif kind == 1:
        bits.take(1)  # delta_pic_order_always_zero_flag
        bits.signed()  # offset_for_non_ref_pic
        bits.signed()  # offset_for_top_to_bottom_field
        for _ in range(bits.unsigned()):
            bits.signed()


def _crop(bits: _Bits) -> tuple[int, int]:
    """Read by how much width and height are cropped, in units of chroma samples."""
    if not bits.take(1):
        return 0, 0
    left, right, top, bottom = (bits.unsigned() for _ in range(4))
    return left + right, top + bottom
