"""The light in front of the virtual camera, and how bright a clip's pictures are.

vivid's brightness is a control that any program may set while another one films, so a test
can change what there is to see at the instant at which it moves a line.
"""

import fcntl
import re
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

_VIDIOC_S_CTRL = 0xC008561C
_V4L2_CID_BRIGHTNESS = 0x00980900
_DIMMEST, _NORMAL = 0, 128


@frozen
class Picture:
    """One picture of a clip: `at_s` after the clip's beginning, `brightness` of 0 to 255."""

    at_s: float
    brightness: float


def is_vivid(camera: Path) -> bool:
    """Whether a device is the kernel's virtual camera, whose light can be set."""
    return "vivid" in Path(f"/sys/class/video4linux/{camera.name}/name").read_text()


def dim(camera: Path) -> None:
    """Take the light away, if the camera is vivid's."""
    _set_brightness(camera, _DIMMEST)


def brighten(camera: Path) -> None:
    """Bring the light back."""
    _set_brightness(camera, _NORMAL)


def pictures(file: Path) -> Sequence[Picture]:
    """Decode a clip and measure each picture."""
    command = ["ffmpeg", "-v", "error", "-i", str(file), "-vf"]
    command += ["signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-", "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"pts_time:(\S+)\s+lavfi\.signalstats\.YAVG=(\S+)", told)
    return [Picture(float(at_s), float(brightness)) for at_s, brightness in found]


def _set_brightness(camera: Path, value: int) -> None:
    if is_vivid(camera):
        with camera.open("rb+", buffering=0) as device:
            fcntl.ioctl(device, _VIDIOC_S_CTRL, struct.pack("Ii", _V4L2_CID_BRIGHTNESS, value))
