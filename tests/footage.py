"""Coded pictures and labels for tests of the spool."""

import io
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

import av

from surveil_core.ports.spool import ClipLabel, FilmedEvent
from surveil_core.video import AccessUnit, VideoFormat

FPS = 10
FORMAT = VideoFormat(width=64, height=48, fps=FPS)
TRIGGERED_AT_UTC = datetime(2025, 1, 15, 14, 30, 45, 123456, tzinfo=UTC)


def label_of(event_id: str = "evt-1", *, row_id: int = 1, at_s: float = 102.0) -> ClipLabel:
    """Label a clip that is triggered two seconds after the first of `pictures`."""
    return ClipLabel(
        event=FilmedEvent(event_row_id=row_id, event_id=event_id),
        triggered_at_s=at_s,
        triggered_at_utc=TRIGGERED_AT_UTC,
        format=FORMAT,
    )


@cache
def pictures(count: int = 40) -> tuple[AccessUnit, ...]:
    """Encode small moving pictures from 100 s on, ten a second, a keyframe each second."""

    def draw(number: int) -> av.VideoFrame:
        frame = av.VideoFrame(FORMAT.width, FORMAT.height, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes((number * 7 + n) % 256 for n in range(plane.buffer_size)))
        return frame

    return _encoded([draw(number) for number in range(count)])


def damaged(annex_b: bytes, seed: int) -> bytes:
    """Change a tenth of a keyframe's bytes behind its headers."""
    chance, changed = random.Random(seed), bytearray(annex_b)
    first_slice = annex_b.rindex(b"\x00\x00\x01\x65") + 12
    for place in chance.sample(
        range(first_slice, len(annex_b)), (len(annex_b) - first_slice) // 10
    ):
        changed[place] ^= chance.randint(1, 255)
    return bytes(changed)


def damaged_keyframe(seed: int) -> bytes:
    """Damage the first of `pictures`."""
    return damaged(pictures()[0].annex_b, seed)


@cache
def grey_pictures(
    count: int = 40, *, size: tuple[int, int] = (64, 48), keyframe_every: int = FPS
) -> tuple[AccessUnit, ...]:
    """Encode pictures like `pictures`, each of one grey that tells its number (`number_of`)."""

    def draw(number: int) -> av.VideoFrame:
        frame = av.VideoFrame(*size, "yuv420p")
        greys = (_DARKEST + _STEP * (number % _GREYS), 128, 128)
        for plane, grey in zip(frame.planes, greys, strict=True):
            plane.update(bytes([grey]) * plane.buffer_size)
        return frame

    return _encoded([draw(number) for number in range(count)], keyframe_every=keyframe_every)


_DARKEST, _STEP, _GREYS = 20, 4, 50


def numbers_of(jpeg: bytes, *, pictures: int = 1) -> list[int]:
    """Read the numbers, up to 50, of `grey_pictures` that lie side by side in a JPEG."""
    with av.open(io.BytesIO(jpeg)) as file:
        luma = next(file.decode(video=0)).planes[0]
    row, width = bytes(luma)[luma.line_size * (luma.height // 2) :], luma.width // pictures
    middles = [row[n * width + width // 2] for n in range(pictures)]
    return [round((full * 219 / 255 + 16 - _DARKEST) / _STEP) for full in middles]


def _encoded(
    frames: Sequence[av.VideoFrame], *, keyframe_every: int = FPS
) -> tuple[AccessUnit, ...]:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
    encoder.framerate, encoder.gop_size = FPS, keyframe_every
    encoder.options = {"tune": "zerolatency", "preset": "ultrafast", "forced-idr": "1"}
    packets = []
    for number, frame in enumerate(frames):
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return tuple(
        AccessUnit(annex_b=bytes(packet), keyframe=packet.is_keyframe, at_s=100 + number / FPS)
        for number, packet in enumerate(packets)
    )
