"""Taking pictures out of FLV that FFmpeg's own muxer wrote here."""

import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil_adapters.camera.coded_picture import MAX_PICTURE_BYTES, CodedPicture
from surveil_adapters.camera.flv import FlvDemuxer
from surveil_core.errors import CameraUnavailable
from tests.contracts.video_source import nal_types

STAMPS_MS = (0, 67, 133, 400, 467, 533, 534, 600)
MS = Fraction(1, 1000)


def muxed(*, parameter_sets_in_front: bool = True, later_by_ms: int = 0) -> bytes:
    """Encode grey pictures at uneven times, and have FFmpeg write them as FLV."""
    file = io.BytesIO()
    with av.open(file, "w", format="flv", options={"flvflags": "no_duration_filesize"}) as flv:
        stream = flv.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.time_base = 4, MS
        stream.options = {"tune": "zerolatency", "preset": "ultrafast", "forced-idr": "1"}
        if not parameter_sets_in_front:
            stream.codec_context.options = {**stream.options, "x264-params": "repeat-headers=1"}
        frame = av.VideoFrame(64, 48, "yuv420p")
        for stamp_ms in STAMPS_MS:
            frame.pts, frame.time_base = stamp_ms + later_by_ms, MS
            flv.mux(stream.encode(frame))
        flv.mux(stream.encode(None))
    return file.getvalue()


FLV = muxed()


def taken(chunks: Iterable[bytes]) -> list[CodedPicture]:
    demuxer = FlvDemuxer()
    return [
        picture
        for number, chunk in enumerate(chunks)
        for picture in demuxer.feed(chunk, arrived_at_s=float(number))
    ]


def shown(flv: bytes) -> list[CodedPicture]:
    """Take the pictures, without the parameter sets that stand alone."""
    return [picture for picture in taken([flv]) if nal_types(picture.annex_b)[-1] in (1, 5)]


@st.composite
def cuts(draw: st.DrawFn) -> Iterator[bytes]:
    """The stream in chunks of any sizes."""
    edges = sorted({0, len(FLV), *draw(st.lists(st.integers(0, len(FLV)), max_size=40))})
    return iter([FLV[start:end] for start, end in pairwise(edges)])


@given(cuts())
def test_pictures_are_the_same_however_the_stream_is_cut(chunks: Iterator[bytes]) -> None:
    """Each comes out whole and once, with the time it was given."""
    pictures = taken(chunks)
    assert [picture.annex_b for picture in pictures] == [one.annex_b for one in taken([FLV])]
    assert [picture.stamp_s for picture in pictures[1:]] == [ms / 1000 for ms in STAMPS_MS]


def test_a_picture_comes_out_as_soon_as_its_last_byte_is_there() -> None:
    """It does not wait for the next one."""
    pictures = taken(FLV[at : at + 1] for at in range(len(FLV)))
    assert len(pictures) == 1 + len(STAMPS_MS)
    assert pictures[-1].arrived_at_s >= len(FLV) - 40


@pytest.mark.parametrize("in_front", [True, False])
def test_what_comes_out_decodes(in_front: bool) -> None:
    """With the parameter sets that stood in front of all, or in the stream."""
    stream = b"".join(one.annex_b for one in taken([muxed(parameter_sets_in_front=in_front)]))
    with av.open(io.BytesIO(stream), format="h264") as video:
        assert len(list(video.decode(video=0))) == len(STAMPS_MS)


def test_the_parameter_sets_stand_in_front_of_all() -> None:
    """As a picture that has no slice."""
    first, keyframe, *_ = taken([FLV])
    assert nal_types(first.annex_b) == [7, 8]
    assert nal_types(keyframe.annex_b)[-1] == 5


def test_stamps_count_on_where_they_begin_anew() -> None:
    """FFmpeg gives them 31 bits: after 24.9 days they are 0 again. Only steps count."""
    stamps_s = [one.stamp_s or 0.0 for one in shown(muxed(later_by_ms=(1 << 31) - 200))]
    steps_s = [stamp_s - stamps_s[0] for stamp_s in stamps_s]
    assert steps_s == pytest.approx([ms / 1000 for ms in STAMPS_MS], abs=1e-9)


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_monotonic_stamps_are_those_of_the_round_in_which_they_arrive(rounds: int) -> None:
    """A Pi that has been up for months has begun them anew some times."""
    uptime_s = rounds * (1 << 31) / 1000 + 5000.0
    demuxer = FlvDemuxer(stamps_are_monotonic=True)
    pictures = demuxer.feed(muxed(later_by_ms=5_000_000), arrived_at_s=uptime_s + 1.0)[1:]
    assert all(one.stamp_is_monotonic for one in pictures)
    stamps_s = [one.stamp_s for one in pictures]
    assert stamps_s == pytest.approx([uptime_s + ms / 1000 for ms in STAMPS_MS], abs=1e-6)


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (b"\x00\x00\x00\x01\x67", "expected FLV"),
        (FLV[:13] + b"\x09\xff\xff\xff" + bytes(7), f"expected at most {MAX_PICTURE_BYTES}"),
        (FLV[:13] + b"\x09\x00\x00\x05" + bytes(7) + b"\x12" + bytes(8), "FLV's codec 2"),
        (FLV[:13] + b"\x09\x00\x00\x05" + bytes(7) + b"\x90hvc1" + bytes(4), "set .* to H.264"),
    ],
)
def test_what_is_no_h264_in_flv_is_refused(stream: bytes, words: str) -> None:
    """With what came, and what was expected."""
    with pytest.raises(CameraUnavailable, match=words):
        taken([stream])


@given(st.integers(0, len(FLV) - 1), st.binary(min_size=1, max_size=8))
def test_damage_is_refused_or_taken_but_no_crash(at: int, damage: bytes) -> None:
    """The bytes come from a program that is not ours."""
    with suppress(CameraUnavailable):
        taken([FLV[:at] + damage + FLV[at + len(damage) :]])
