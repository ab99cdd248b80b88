"""Measuring a stored video by playing it."""

from typing import Protocol

from surveil_core.soundness import MeasuredVideo


class VideoMeter(Protocol):
    """Decodes every picture of a video, in memory that does not grow with its length."""

    def measure(self, media_id: int, *, video_bytes: int) -> MeasuredVideo:
        """Measure the video of a clip, which is so many bytes long.

        All of it is summed up, and each picture decoded; those that do not decode are
        counted, not raised. Raises `DataLost` when there is no video to be found in the
        bytes, `StoreUnavailable` when they cannot be read now, and `StoreDamaged` when the
        file or its disk does not give them.
        """
