"""Read the setting `camera.source` as a list of cameras to try."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from surveil_adapters.camera.ffmpeg import (
    file_source,
    redact_urls,
    rtsp_source,
    synthetic_source,
    v4l2_source,
)
from surveil_adapters.camera.picamera2 import Picamera2Source
from surveil_adapters.camera.rpicam import PROGRAMS, rpicam_source
from surveil_core.errors import ConfigurationError
from surveil_core.ports.camera import VideoSource
from surveil_core.ports.clock import Clock
from surveil_core.video import VideoFormat

ALLOWED = "auto, picamera2, rpicam, v4l2:/dev/video0, rtsp://..., file:PATH, synthetic"
_DEFAULT_DEVICE = Path("/dev/video0")
_LIBCAMERA = "libcamera's first camera"


def candidates_for(source: str, format: VideoFormat, clock: Clock) -> list[VideoSource]:
    """List the cameras that `source` stands for, in the order to try them; opens none.

    Raises `ConfigurationError` when `source` has none of the forms of `ALLOWED`.
    """
    by_name: dict[str, Callable[[VideoFormat, Clock], list[VideoSource]]] = {
        "auto": _auto,
        "picamera2": lambda *about: [Picamera2Source(*about)],
        "rpicam": _rpicam,
        "synthetic": lambda *about: [synthetic_source(*about)],
    }
    if source in by_name:
        return by_name[source](format, clock)
    scheme, _, rest = source.partition(":")
    if scheme == "v4l2" and rest.startswith("/"):
        return [v4l2_source(Path(rest), format, clock)]
    if scheme == "file" and rest:
        return [file_source(Path(rest), format, clock)]
    if scheme in ("rtsp", "rtsps") and _has_host(source):
        return [rtsp_source(source, format, clock)]
    raise ConfigurationError(
        f"camera.source is {redact_urls(source)!r:.100}, expected one of {ALLOWED}"
    )


def devices_of(source: str) -> frozenset[str]:
    """Name what a setting of `candidates_for` may open; two cameras cannot share one.

    Files and test pictures can be opened as often as one likes.
    """
    if source == "auto":
        return frozenset({_LIBCAMERA, str(_DEFAULT_DEVICE)})
    if source in ("picamera2", "rpicam"):
        return frozenset({_LIBCAMERA})
    if source.startswith(("file:", "synthetic")):
        return frozenset()
    return frozenset({source.removeprefix("v4l2:")})


def _auto(format: VideoFormat, clock: Clock) -> list[VideoSource]:
    return [
        Picamera2Source(format, clock),
        *_rpicam(format, clock),
        v4l2_source(_DEFAULT_DEVICE, format, clock),
    ]


def _rpicam(format: VideoFormat, clock: Clock) -> list[VideoSource]:
    return [rpicam_source(program, format, clock) for program in PROGRAMS]


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False
