"""Whether a keyframe decodes."""

import base64

import av
from av.video.codeccontext import VideoCodecContext

_START_CODE = b"\x00\x00\x01"
_NEEDED = (1, 5, 7, 8)
"""NAL unit types (ITU-T H.264, table 7-1): slices, also of a second field, SPS, PPS."""


def look(keyframe_base64: str) -> str | None:
    """Task: decode one keyframe; say what is wrong with it, or None."""
    return problem_of(base64.b64decode(keyframe_base64))


def problem_of(keyframe: bytes) -> str | None:
    """Decode one keyframe, Annex B with its parameter sets; say what is wrong with it, or None.

    What only accompanies the picture (SEI) is left out: cameras put odd things there. For the
    same reason the decoder is not told to be strict: a camera whose headers always offend the
    standard would never film again. A picture of which a part is lost is marked all the same.
    """
    needed = [nal for nal in keyframe.split(_START_CODE)[1:] if nal and nal[0] & 0x1F in _NEEDED]
    picture = b"".join(_START_CODE + nal for nal in needed)
    codec = VideoCodecContext.create("h264", "r")
    codec.thread_count = 1
    try:
        frames = [*codec.decode(av.Packet(picture)), *codec.decode(None)]
    except av.FFmpegError as error:
        return error.strerror
    if not frames:
        return "no picture"
    return "damaged picture" if frames[0].is_corrupt else None
