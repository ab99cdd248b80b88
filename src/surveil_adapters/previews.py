"""Previews by PyAV: FFmpeg decodes, scales and writes the JPEGs, in this process.

Only what is needed is decoded: for the thumbnail from the keyframe before the trigger on,
for the strip keyframes alone. One thread, so that a decoder holds few pictures.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice

import av
from av.container import InputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from surveil_core.errors import DataLost
from surveil_core.ports.camera import Clip
from surveil_core.ports.previewer import (
    STRIP_PICTURE_WIDTH,
    STRIP_PICTURES,
    THUMBNAIL_WIDTH,
    ClipPreview,
)

MAX_DECODED = 150
"""Pictures: where keyframes are rarer, the thumbnail is somewhat before the trigger."""

_ROUNDING_S = 0.001
_TALLEST = 2
"""Of a picture's height, in its widths; a JPEG has bounds."""
_QUALITY = 4
"""The quantiser, 2 best, 31 worst."""
_LAMBDA_PER_QUANTISER = 118  # FF_QP2LAMBDA


class PyavPreviewer:
    """The `Previewer` port; keeps nothing between clips."""

    def make_preview(self, clip: Clip) -> ClipPreview:
        """Read the clip's file and close it. Raises `DataLost`, whatever goes wrong.

        PyAV meets damage with errors of many kinds (a coding that it does not know is an
        `AttributeError`), and no preview is worth a clip.
        """
        try:
            with av.open(str(clip.video_path)) as container:
                stream = container.streams.video[0]
                stream.codec_context.thread_count = 1
                return ClipPreview(
                    thumbnail=_thumbnail(container, stream, clip.pre_roll_s),
                    strip=_strip(container, stream, clip.duration_s),
                )
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise DataLost(f"{clip.video_path} has no picture to show: {reason}") from error


def _thumbnail(container: InputContainer, stream: VideoStream, trigger_s: float) -> bytes:
    _seek(container, stream, trigger_s)
    shown = None
    for frame in islice(container.decode(stream), MAX_DECODED):
        if shown is not None and frame.time > trigger_s + _ROUNDING_S:
            break
        shown = frame
    if shown is None:
        raise LookupError("none can be decoded")
    return _jpeg(_run(_scaler(stream, THUMBNAIL_WIDTH), [shown]))


def _strip(container: InputContainer, stream: VideoStream, duration_s: float) -> bytes:
    times_s = [(n + 0.5) * duration_s / STRIP_PICTURES for n in range(STRIP_PICTURES)]
    pictures = list(_keyframes(container, stream, times_s))
    return _jpeg(_run(_tiler(pictures[0]), pictures))


def _keyframes(
    container: InputContainer, stream: VideoStream, times_s: Iterable[float]
) -> Iterator[VideoFrame]:
    """Decode the keyframe before each instant; the one before where that cannot be had.

    Each is made small before the next is decoded.
    """
    scaler, small = _scaler(stream, STRIP_PICTURE_WIDTH), None
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


def _tiler(picture: VideoFrame) -> Graph:
    """Lay pictures like this one side by side."""
    graph = Graph()
    source = graph.add_buffer(
        width=picture.width,
        height=picture.height,
        format=picture.format,
        time_base=Fraction(1, 1),
    )
    tile = graph.add("tile", f"{STRIP_PICTURES}x1")
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
