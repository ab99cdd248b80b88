"""Coded pictures and labels for tests of the spool."""

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
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = FORMAT.width, FORMAT.height, "yuv420p"
    encoder.framerate, encoder.gop_size = FPS, FPS
    encoder.options = {"tune": "zerolatency", "preset": "ultrafast", "forced-idr": "1"}
    packets = []
    for number in range(count):
        frame = av.VideoFrame(FORMAT.width, FORMAT.height, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes((number * 7 + n) % 256 for n in range(plane.buffer_size)))
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return tuple(
        AccessUnit(annex_b=bytes(packet), keyframe=packet.is_keyframe, at_s=100 + number / FPS)
        for number, packet in enumerate(packets)
    )
