"""Cutting a byte stream into pictures, on a stream that PyAV encodes here."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil_adapters.camera.access_units import AccessUnitMaker
from surveil_adapters.camera.annexb import AnnexBDemuxer
from surveil_adapters.camera.coded_picture import CodedPicture
from surveil_adapters.camera.damage import DamageWatch
from surveil_adapters.camera.picamera2 import FrameSink
from surveil_adapters.camera.stamp_lines import StampLines
from surveil_adapters.camera.unit_queue import UnitQueue
from surveil_core.errors import CameraUnavailable
from surveil_core.video import AccessUnit
from tests.contracts.video_source import nal_types
from tests.fakes.clock import FakeClock
from tests.fakes.look import FakeLooks

DELIMITER = b"\x00\x00\x00\x01\x09\x10"


def encoded(pictures: int, *, group: int = 5) -> list[bytes]:
    """Encode grey pictures, a keyframe each `group`; returns one packet a picture."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 48, "yuv420p"
    encoder.framerate, encoder.gop_size = 10, group
    encoder.options = {"tune": "zerolatency", "preset": "ultrafast", "forced-idr": "1"}
    frame = av.VideoFrame(64, 48, "yuv420p")
    packets = []
    for number in range(pictures):
        frame.pts = number
        packets += encoder.encode(frame)
    return [bytes(packet) for packet in [*packets, *encoder.encode(None)]]


PACKETS = encoded(12)


def without_parameter_sets(packet: bytes) -> bytes:
    return b"".join(
        b"\x00\x00\x00\x01" + nal.rstrip(b"\x00")
        for nal in packet.split(b"\x00\x00\x01")[1:]
        if nal[0] & 0x1F not in (7, 8)
    )


def maker() -> AccessUnitMaker:
    return AccessUnitMaker(DamageWatch(start_look=FakeLooks()))


def split(chunks: Iterable[bytes], stamps: bytes = b"") -> list[AccessUnit]:
    """Cut and complete a stream of which a chunk comes each second."""
    lines, units = StampLines(), maker()
    lines.feed(stamps)
    demuxer = AnnexBDemuxer(lines)
    made = [
        units.unit(picture)
        for number, chunk in enumerate(chunks)
        for picture in demuxer.feed(chunk, arrived_at_s=float(number))
    ]
    return [unit for unit in made if unit is not None]


@st.composite
def cuts(draw: st.DrawFn) -> Iterator[bytes]:
    """The stream in chunks of any sizes."""
    stream = b"".join(PACKETS)
    edges = sorted({0, len(stream), *draw(st.lists(st.integers(0, len(stream)), max_size=40))})
    return iter([stream[start:end] for start, end in pairwise(edges)])


@given(cuts())
def test_pictures_are_the_same_however_the_stream_is_cut(chunks: Iterator[bytes]) -> None:
    """Each picture but the last, which may go on, comes out whole and once."""
    units = split(chunks)
    assert [unit.annex_b for unit in units] == PACKETS[:-1]
    assert [unit.keyframe for unit in units] == [number % 5 == 0 for number in range(11)]


def test_without_stamps_a_time_is_the_arrival_of_the_pictures_own_first_byte() -> None:
    """That the next picture must begin first does not make a picture late."""
    assert [unit.at_s for unit in split(PACKETS)] == [float(number) for number in range(11)]


def test_with_stamps_beside_the_stream_steps_are_those_of_the_stamps() -> None:
    """Each line is of one picture, also of those before the first keyframe."""
    lines = b"# timecode format v2\n" + b"".join(b"%d.500\n" % (n * 66) for n in range(20))
    times = [unit.at_s for unit in split([b"".join(PACKETS[2:]), b""], lines)]
    assert [later - first for first, later in pairwise(times)] == pytest.approx(
        [0.066] * 5, rel=0.051
    )


def test_nothing_comes_before_the_first_keyframe() -> None:
    """A stream that is joined in the middle begins at its next keyframe."""
    units = split(PACKETS[2:])
    assert [unit.annex_b for unit in units] == PACKETS[5:-1]


@pytest.mark.parametrize("delimiter", [b"", DELIMITER])
def test_every_keyframe_gets_the_parameter_sets_that_were_sent_once(delimiter: bytes) -> None:
    """They stand before the picture, and behind its delimiter where it has one."""
    bare = [delimiter + without_parameter_sets(packet) for packet in PACKETS[1:]]
    units = split([PACKETS[0], *bare])
    later = [unit for unit in units if unit.keyframe][1:]
    assert len(later) == 2
    for unit in later:
        kinds = nal_types(unit.annex_b)
        assert kinds[: 2 + bool(delimiter)] == [*([9] if delimiter else []), 7, 8]
        assert kinds[-1] == 5


def test_the_picture_size_is_known_after_the_first_picture() -> None:
    """It is what the stream says, not what was asked for."""
    units = maker()
    assert units.picture_size is None
    units.unit(CodedPicture(annex_b=PACKETS[0], stamp_s=None, arrived_at_s=0))
    assert units.picture_size == (64, 48)


def test_bytes_without_pictures_are_refused() -> None:
    """A stream that is no H.264 does not fill the memory."""
    with pytest.raises(CameraUnavailable, match=r"no H\.264 picture ends"):
        split([bytes(1024 * 1024)] * 20)


def test_frames_of_picamera2_keep_their_own_distances() -> None:
    """Its stamps count from 0; the first arrival ties them to our clock."""
    queue, clock = UnitQueue(capacity_units=20), FakeClock()
    sink = FrameSink(queue, clock, maker())
    for number, packet in enumerate(PACKETS[:3]):
        sink.take(packet, number * 100_000)
        clock.advance(0.5)
    taken = [queue.get(0) for _ in range(3)]
    steps_s = [1000.0, 1000.1, 1000.2]
    assert [unit.at_s for unit in taken if unit] == pytest.approx(steps_s, abs=1e-3)
    assert [unit.keyframe for unit in taken if unit] == [True, False, False]
