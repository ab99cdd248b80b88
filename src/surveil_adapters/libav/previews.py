"""Two small JPEGs of a video: FFmpeg decodes, scales and writes them.

Only what is needed is decoded: for the thumbnail from the keyframe before the trigger on,
for the strip keyframes alone. One thread, so that a decoder holds few pictures.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import av
from av.container import InputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from surveil_adapters.libav.failures import DataProblem

MAX_DECODED = 150
"""Pictures: where keyframes are rarer, the thumbnail is somewhat before the trigger."""

DECODE_FOR_S = 5.0
"""Of processor time, for the thumbnail: likewise. Who films waits meanwhile."""

_ROUNDING_S = 0.001
_TALLEST = 2
"""Of a picture's height, in its widths; a JPEG has bounds."""
_QUALITY = 4
"""The quantiser, 2 best, 31 worst."""
_LAMBDA_PER_QUANTISER = 118  # FF_QP2LAMBDA


@dataclass(frozen=True, kw_only=True)
class PreviewSizes:
    """Widths in pixels, and how many pictures a strip has."""

    thumbnail_width: int
    strip_pictures: int
    strip_picture_width: int


def make_preview(
    video_path: str, sizes: PreviewSizes, *, trigger_s: float, duration_s: float
) -> tuple[bytes, bytes]:
    """Make two JPEGs of a video: the picture at `trigger_s`, and a strip. Raises `DataProblem`.

    PyAV meets damage with errors of many kinds: a coding that it does not know is an
    `AttributeError`. No preview is worth a clip.
    """
    count = sizes.strip_pictures
    times_s = [(n + 0.5) * duration_s / count for n in range(count)]
    try:
        with av.open(video_path) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            return (
                _thumbnail(container, stream, trigger_s, sizes.thumbnail_width),
                _strip(container, stream, times_s, sizes.strip_picture_width),
            )
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise DataProblem(f"{video_path} has no picture to show: {reason}") from error


def _thumbnail(
    container: InputContainer, stream: VideoStream, trigger_s: float, width: int
) -> bytes:
    _seek(container, stream, trigger_s)
    shown, until_s = None, time.process_time() + DECODE_FOR_S
    for frame in islice(container.decode(stream), MAX_DECODED):
        if shown is not None and frame.time > trigger_s + _ROUNDING_S:
            break
        shown = frame
        if time.process_time() > until_s:
            break
    if shown is None:
        raise LookupError("none can be decoded")
    return _jpeg(_run(_scaler(stream, width), [shown]))


def _strip(
    container: InputContainer, stream: VideoStream, times_s: Sequence[float], width: int
) -> bytes:
    pictures = list(_keyframes(container, stream, times_s, width))
    return _jpeg(_run(_tiler(pictures), pictures))


def _keyframes(
    container: InputContainer, stream: VideoStream, times_s: Iterable[float], width: int
) -> Iterator[VideoFrame]:
    """Decode the keyframe before each instant; the one before where that cannot be had.

    Each is made small before the next is decoded.
    """
    scaler, small = _scaler(stream, width), None
    for at_s in times_s:
        _seek(container, stream, at_s)
        for frame in islice(container.decode(stream), 1):
            small = _run(scaler, [frame])
        if small is None:
            raise LookupError("none can be decoded")
        yield small


def _seek(container: InputContainer, stream: VideoStream, at_s: float) -> None:
    """Go to the last keyframe that is not later."""
    assert stream.time_base is not None, "a demuxer gives each stream its time base"
    container.seek(round(at_s / stream.time_base), stream=stream)


def _scaler(stream: VideoStream, width: int) -> Graph:
    """Bring pictures to a width, and to the colours of a JPEG (JFIF: BT.601, full range)."""
    graph = Graph()
    size = f"{width}:{_height(stream, width)}"
    graph.link_nodes(
        graph.add_buffer(template=stream),
        graph.add("scale", f"{size}:flags=area:out_range=full:out_color_matrix=bt601"),
        graph.add("format", "yuvj420p"),
        graph.add("buffersink"),
    ).configure()
    return graph


def _tiler(pictures: Sequence[VideoFrame]) -> Graph:
    """Lay pictures of one size side by side."""
    graph, picture = Graph(), pictures[0]
    source = graph.add_buffer(
        width=picture.width,
        height=picture.height,
        format=picture.format,
        time_base=Fraction(1, 1),
    )
    tile = graph.add("tile", f"{len(pictures)}x1")
    graph.link_nodes(source, tile, graph.add("buffersink")).configure()
    return graph


def _run(graph: Graph, pictures: Iterable[VideoFrame]) -> VideoFrame:
    for number, picture in enumerate(pictures):
        picture.pts = number
        graph.push(picture)
    made = graph.pull()
    assert isinstance(made, VideoFrame), "the graph has a video sink"
    return made


def _height(stream: VideoStream, width: int) -> int:
    """Keep the aspect that is shown, which is not that of the pixels' numbers everywhere."""
    context = stream.codec_context
    aspect = context.display_aspect_ratio or Fraction(context.width, context.height)
    return min(max(2, 2 * round(width / aspect / 2)), _TALLEST * width)


def _jpeg(picture: VideoFrame) -> bytes:
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "yuvj420p"
    encoder.time_base = Fraction(1, 1)
    encoder.thread_count = 1
    quality = _QUALITY * _LAMBDA_PER_QUANTISER
    encoder.options = {"flags": "+qscale", "global_quality": str(quality)}
    picture.pts = 0
    packets = [*encoder.encode(picture), *encoder.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
