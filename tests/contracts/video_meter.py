"""What every `VideoMeter` does: the fake and the real one alike."""

import pytest

from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.ports.video_meter import VideoMeter
from surveil_core.soundness import MeasuredVideo

VIDEO_BYTES = 1000
"""Of the videos 2 and 3."""


class VideoMeterContract:
    """Subclasses give `meter` and what it must find: video 1 is `whole` and of 3 s.

    Video 2 is no video, video 3 cannot be read.
    """

    @pytest.fixture
    def whole(self) -> tuple[MeasuredVideo, int]:
        """What video 1 is, and how many bytes long."""
        raise NotImplementedError

    @pytest.fixture
    def meter(self) -> VideoMeter:
        raise NotImplementedError

    def test_whole_video_is_measured(
        self, meter: VideoMeter, whole: tuple[MeasuredVideo, int]
    ) -> None:
        """Its length, form and pictures, and the sum of its bytes; twice alike."""
        expected, video_bytes = whole
        assert expected.duration_s == pytest.approx(3, abs=0.2)
        for _ in range(2):
            assert meter.measure(1, video_bytes=video_bytes) == expected

    def test_what_is_no_video_is_lost(self, meter: VideoMeter) -> None:
        """Nothing can be measured of it."""
        with pytest.raises(DataLost, match="no readable MP4"):
            meter.measure(2, video_bytes=VIDEO_BYTES)

    def test_store_that_refuses_is_unavailable(self, meter: VideoMeter) -> None:
        """That says nothing about the video."""
        with pytest.raises(StoreUnavailable, match="the disk failed"):
            meter.measure(3, video_bytes=VIDEO_BYTES)
