"""Measuring real videos, whole and damaged."""

import zlib
from contextlib import suppress

import pytest
from attrs import define, evolve

from surveil_adapters.video_meter import PyavVideoMeter
from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.soundness import MeasuredVideo
from tests.clips import make_mp4, of_unknown_coding, with_damaged_header
from tests.contracts.video_meter import VIDEO_BYTES, VideoMeterContract
from tests.fakes.archive import FakeArchive
from tests.integration.sqlite_files import seeded_random

WHOLE = MeasuredVideo(
    duration_s=3.0,
    resolution="320x180",
    codec="h264",
    pictures=45,
    announced_pictures=45,
    begins_with_keyframe=True,
    crc32=0,
)


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three seconds of a test pattern, 15 pictures a second."""
    return make_mp4(tmp_path_factory.mktemp("footage"), duration_s=3).read_bytes()


@define(kw_only=True)
class FailingArchive(FakeArchive):
    """Gives little at a time, and nothing from a byte on."""

    fails_at: int

    def read_video(self, media_id: int, *, offset: int, length: int) -> bytes:
        if offset + length > self.fails_at and offset >= self.fails_at - 1000:
            raise StoreUnavailable("the disk failed")
        return super().read_video(media_id, offset=offset, length=min(length, 1000))


@define(kw_only=True)
class PartlyFailing(FakeArchive):
    """Cannot read video 3."""

    def read_video(self, media_id: int, *, offset: int, length: int) -> bytes:
        if media_id == 3:
            raise StoreUnavailable("the disk failed")
        return super().read_video(media_id, offset=offset, length=length)


def measure(video: bytes) -> MeasuredVideo:
    """Measure it as the video of a clip."""
    archive = FakeArchive(videos={1: video})
    return PyavVideoMeter(archive).measure(1, video_bytes=len(video))


class TestPyavVideoMeter(VideoMeterContract):
    @pytest.fixture
    def whole(self, mp4: bytes) -> tuple[MeasuredVideo, int]:
        return evolve(WHOLE, crc32=zlib.crc32(mp4)), len(mp4)

    @pytest.fixture
    def meter(self, mp4: bytes) -> PyavVideoMeter:
        return PyavVideoMeter(PartlyFailing(videos={1: mp4, 2: bytes(VIDEO_BYTES)}))


@pytest.mark.parametrize("size_bytes", [1, 64, 4096])
def test_overwritten_bytes_are_found(mp4: bytes, size_bytes: int) -> None:
    """By their sum at least, and if they are many by the decoder; the rest is measured."""
    chosen = seeded_random()
    for _ in range(10):
        offset = chosen.randrange(mp4.index(b"mdat") + 1000, len(mp4) - size_bytes)
        damaged = bytearray(mp4)
        damaged[offset : offset + size_bytes] = chosen.randbytes(size_bytes)
        found = measure(bytes(damaged))
        assert (found.crc32 != zlib.crc32(mp4)) == (damaged != mp4)
        assert found.undecodable or size_bytes < 4096
        assert 0 <= (found.first_undecodable_at_s or 0) <= 3
        assert evolve(found, undecodable=0, first_undecodable_at_s=None, crc32=0) == WHOLE


def test_lost_end_is_found(mp4: bytes) -> None:
    """Fewer pictures than announced, and a shorter video."""
    found = measure(mp4[: len(mp4) // 2])
    assert 10 < found.pictures < 35
    assert found.announced_pictures == 45
    assert 0.5 < found.duration_s < 2.5


@pytest.mark.parametrize("video", [b"", b"no video", bytes(100_000)])
def test_what_is_no_video_is_lost(video: bytes) -> None:
    """Nothing can be measured of it."""
    with pytest.raises(DataLost, match="its video is no readable MP4"):
        measure(video)


def test_header_alone_is_lost(mp4: bytes) -> None:
    """A torn table of pictures leads to none of them."""
    with pytest.raises(DataLost, match="its video is no readable MP4"):
        measure(mp4[:300])


def test_pictures_of_an_unknown_coding_are_lost(mp4: bytes) -> None:
    """FFmpeg lists them, and has no decoder to ask."""
    with pytest.raises(DataLost, match="its video is no readable MP4: nobody knows how"):
        measure(of_unknown_coding(mp4))


def test_damaged_header_is_measured_or_lost(mp4: bytes) -> None:
    """Nothing else happens, so that the other clips are checked."""
    chosen = seeded_random()
    for _ in range(200):
        with suppress(DataLost):
            measure(with_damaged_header(mp4, chosen))


def test_store_that_fails_is_no_damage_of_the_video(mp4: bytes) -> None:
    """What the store says comes out, from the first byte on or in the middle."""
    for fails_at in (0, 1, len(mp4) // 2):
        archive = FailingArchive(videos={1: mp4}, fails_at=fails_at)
        with pytest.raises(StoreUnavailable, match="the disk failed"):
            PyavVideoMeter(archive).measure(1, video_bytes=len(mp4))
