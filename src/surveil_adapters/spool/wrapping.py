"""A raw H.264 stream as a fast-start MP4, without transcoding, with the camera's own times."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
from attrs import evolve
from av.stream import Stream
from av.video.stream import VideoStream

from surveil_adapters.spool.index import Sample
from surveil_core.video import VideoFormat

_TIME_BASE = Fraction(1, 90_000)


def wrap(
    raw_path: Path, video_path: Path, samples: Sequence[Sample], format: VideoFormat
) -> VideoFormat:
    """Write the first pictures of a raw stream, at least one, as `video_path`.

    Returns the format with the size that the pictures really have. Raises `OSError` and
    `av.FFmpegError`.
    """
    with (
        av.open(str(raw_path), format="h264") as raw,
        av.open(str(video_path), "w", format="mp4", options={"movflags": "+faststart"}) as video,
    ):
        template = raw.streams.video[0]
        stream = video.add_stream_from_template(template)
        stream.time_base = _TIME_BASE
        for packet in _packets(raw_path, samples, format):
            packet.stream = stream
            video.mux(packet)
        return _true_format(format, template)


def _true_format(format: VideoFormat, stream: VideoStream) -> VideoFormat:
    return evolve(format, width=stream.codec_context.width, height=stream.codec_context.height)


def _packets(
    raw_path: Path, samples: Sequence[Sample], format: VideoFormat
) -> Iterator["av.Packet[Stream]"]:
    """Yield the pictures with their times, from 0 on and always growing."""
    starts = _starts(samples)
    ends = [*starts[1:], starts[-1] + round(1 / format.fps / _TIME_BASE)]
    with raw_path.open("rb") as raw:
        for sample, start, end in zip(samples, starts, ends, strict=True):
            packet = av.Packet(raw.read(sample.size_bytes))
            packet.time_base = _TIME_BASE
            packet.pts = packet.dts = start
            packet.duration = end - start
            packet.is_keyframe = sample.keyframe
            yield packet


def _starts(samples: Sequence[Sample]) -> list[int]:
    starts = [0]
    for sample in samples[1:]:
        since_first_s = sample.at_s - samples[0].at_s
        starts.append(max(starts[-1] + 1, round(since_first_s / _TIME_BASE)))
    return starts
