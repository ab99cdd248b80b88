"""What Picamera2 imports to preview on a screen; no wheel of it exists, and we have none."""

from enum import Enum, auto


class PixelFormat(Enum):
    """The names that Picamera2 looks up when it is imported."""

    RGB888 = auto()
    BGR888 = auto()
    XRGB8888 = auto()
    XBGR8888 = auto()
    YUV420 = auto()
    YVU420 = auto()
    NV12 = auto()
