"""A few small pictures of a clip, for those who look for one among many."""

from enum import StrEnum

from attrs import frozen

THUMBNAIL_WIDTH = 320
"""Pixels; the height keeps the video's aspect."""

STRIP_PICTURES = 6
STRIP_PICTURE_WIDTH = 160
"""Pixels of each, side by side."""


class PreviewKind(StrEnum):
    """Which of a clip's two JPEGs."""

    THUMBNAIL = "thumbnail"
    STRIP = "strip"


@frozen(kw_only=True)
class ClipPreview:
    """Two JPEGs of a clip.

    `thumbnail` is the picture on screen when the event fired, `strip` has pictures of the
    whole clip from left to right, each from the middle of its part of the time: keyframes, so
    neighbours are the same picture where a clip has few.
    """

    thumbnail: bytes
    strip: bytes

    @property
    def size_bytes(self) -> int:
        """What both take."""
        return len(self.thumbnail) + len(self.strip)
