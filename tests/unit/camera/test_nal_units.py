"""Reading parameter sets and slices of encoders, beside FFmpeg's own reading, and of nobody."""

from itertools import pairwise

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil_adapters.camera.annexb import AnnexBDemuxer
from surveil_adapters.camera.nal_units import (
    HEAD_BYTES,
    START_CODE,
    NalKind,
    first_macroblock,
    is_readable,
    picture_size,
)
from surveil_adapters.camera.stamp_lines import StampLines

OPTIONS = {
    "plain": {},
    "delimiters": {"aud": "1"},
    "slices": {"x264-params": "slices=5"},
    "interlaced": {"x264-params": "interlaced=1"},
    "baseline": {"profile": "baseline"},
    "references": {"x264-params": "ref=4:bframes=0"},
}


def stream_of(
    options: dict[str, str], *, size: tuple[int, int] = (128, 96), pix_fmt: str = "yuv420p"
) -> list[bytes]:
    """Encode pictures that differ; returns one packet a picture."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = *size, pix_fmt
    encoder.framerate, encoder.gop_size = 10, 4
    encoder.options = {"tune": "zerolatency", "preset": "veryfast", "forced-idr": "1", **options}
    packets = []
    for number in range(9):
        frame = av.VideoFrame(*size, pix_fmt)
        for plane in frame.planes:
            plane.update(bytes((number * 31 + n * n) % 256 for n in range(plane.buffer_size)))
        frame.pts = number
        packets += encoder.encode(frame)
    return [bytes(packet) for packet in [*packets, *encoder.encode(None)]]


def parsed_by_ffmpeg(stream: bytes) -> list[bytes]:
    """Cut a stream where FFmpeg's own parser does."""
    codec = av.CodecContext.create("h264", "r")
    return [bytes(packet) for packet in codec.parse(stream)]


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("chunk_bytes", [1, 7, 1000, 10**6])
def test_pictures_are_cut_where_ffmpeg_cuts_them(options: dict[str, str], chunk_bytes: int) -> None:
    """Of several slices, with delimiters, interlaced; however few bytes come at a time."""
    compare_with_ffmpeg(b"".join(stream_of(options)), chunk_bytes)


def test_prefixes_of_slices_are_no_borders() -> None:
    """A camera with layers (annex G) puts one in front of each slice of a picture."""
    prefix = START_CODE + b"\x6e\x80\x00\x07"
    stream = b"".join(stream_of(OPTIONS["slices"]))
    for kind in (b"\x65", b"\x61", b"\x41"):
        stream = stream.replace(START_CODE + kind, prefix + START_CODE + kind)
    assert stream.count(prefix) > 20
    compare_with_ffmpeg(stream, 100)


def compare_with_ffmpeg(stream: bytes, chunk_bytes: int) -> None:
    """Cut a stream that comes in chunks."""
    demuxer = AnnexBDemuxer(StampLines())
    edges = [*range(0, len(stream), chunk_bytes), len(stream)]
    cut = [
        picture.annex_b
        for start, end in pairwise(edges)
        for picture in demuxer.feed(stream[start:end], arrived_at_s=start)
    ]
    expected = parsed_by_ffmpeg(stream)
    assert cut == expected
    assert len(cut) >= 8


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "gray"])
@pytest.mark.parametrize("options", [{}, {"x264-params": "interlaced=1:cqm=jvt"}])
@pytest.mark.parametrize("size", [(16, 16), (64, 48), (854, 480), (1280, 720), (1920, 1080)])
def test_the_picture_size_is_ffmpegs(
    size: tuple[int, int], options: dict[str, str], pix_fmt: str
) -> None:
    """With cropping, of any chroma format, of frames and fields, with scaling matrices."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = *size, pix_fmt
    encoder.framerate = 10
    encoder.options = {"tune": "zerolatency", "preset": "ultrafast", **options}
    frame = av.VideoFrame(*size, pix_fmt)
    frame.pts = 0
    keyframe = b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode()])
    [sps] = [nal for nal in keyframe.split(START_CODE) if nal and nal[0] & 0x1F == NalKind.SPS]
    assert picture_size(sps) == size


@given(st.binary(max_size=200), st.integers(0, 255))
def test_any_bytes_have_a_size_within_bounds_or_none(payload: bytes, profile: int) -> None:
    """They come from a camera; nothing is raised."""
    size = picture_size(bytes([NalKind.SPS, profile]) + payload)
    assert size is None or all(16 <= side_px <= 16384 for side_px in size)


@given(st.lists(st.sampled_from([0, 1, 2, 0xFF, 0x80, 0x55]), max_size=2000).map(bytes))
def test_a_set_of_long_codes_ends(payload: bytes) -> None:
    """Counts in it can be billions."""
    picture_size(b"\x67\x4d" + payload)


@given(st.integers(0, 2**16 - 2))
def test_the_first_macroblock_is_read(number: int) -> None:
    """As the Exp-Golomb code that was written (9.1), in as few bytes as it takes."""
    code = bin(number + 1)[2:]
    bits = "0" * (len(code) - 1) + code
    padded = int(bits.ljust(-(-len(bits) // 8) * 8, "1"), 2).to_bytes(-(-len(bits) // 8), "big")
    head = b"\x41" + padded.replace(b"\x00\x00", b"\x00\x00\x03")
    assert len(head) <= HEAD_BYTES
    assert is_readable(head)
    assert first_macroblock(head[1:]) == number


def test_a_cut_head_is_waited_for() -> None:
    """A slice is told from the next one by its second byte at the earliest."""
    assert not is_readable(b"")
    assert not is_readable(b"\x41")
    assert not is_readable(b"\x41\x00")
    assert is_readable(b"\x41\x80")
    assert is_readable(b"\x09")
    assert is_readable(b"\x41" + bytes(HEAD_BYTES - 1))
