"""Does what a camera sends decode? A keyframe is tried now and then, as all would cost too much.

A bad cable or a dying encoder shows in keyframes first, since they are the largest pictures.
Decoding one of 1280x720 takes some milliseconds; decoding all would take more than filming.
"""

import av
from av.video.codeccontext import VideoCodecContext

from surveil_core.errors import CameraUnavailable

LOOK_EVERY_S = 3.0
"""How far apart the keyframes are that are tried as long as all is well."""

MAX_DAMAGED_KEYFRAMES = 3
"""After a damaged keyframe each one is tried; so many in a row end the camera's run."""

_START_CODE = b"\x00\x00\x01"
_NEEDED = (1, 5, 7, 8)
"""NAL unit types (ITU-T H.264, table 7-1): slices, also of a second field, SPS, PPS."""


class DamageWatch:
    """Looks at keyframes in their order. Used by one thread."""

    def __init__(self) -> None:
        self._next_look_at_s = float("-inf")
        self._damaged = 0

    def is_sound(self, annex_b: bytes, *, at_s: float) -> bool:
        """Try a keyframe, which has its parameter sets, if it is time to; else believe it.

        Raises `CameraUnavailable` when the last ones were all damaged.
        """
        if at_s < self._next_look_at_s and not self._damaged:
            return True
        self._next_look_at_s = at_s + LOOK_EVERY_S
        problem = _problem_of(annex_b)
        self._damaged = self._damaged + 1 if problem else 0
        if self._damaged >= MAX_DAMAGED_KEYFRAMES:
            raise CameraUnavailable(
                f"{self._damaged} keyframes one after the other do not decode ({problem}); "
                "check the camera's cable, network and power"
            )
        return not problem


def _problem_of(keyframe: bytes) -> str | None:
    """Decode one keyframe; say what is wrong with it, or None.

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
