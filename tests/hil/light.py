"""The light in front of the virtual camera, its stamps, and how bright a clip's pictures are.

vivid's brightness is a control that any program may set while another one films, so a test
can change what there is to see at the instant at which it moves a line.
"""

import fcntl
import re
import struct
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

_VIDIOC_S_CTRL = 0xC008561C
_V4L2_CID_BRIGHTNESS = 0x00980900
_VIVID_CID_TSTAMP_SRC, _START_OF_EXPOSURE = 0x00F0F018, 1
_DIM, _NORMAL = 96, 128
"""A greater change than that blurs the clock in the picture."""

FLASH_S = (0.4, 0.5, 0.33, 0.47, 0.36, 0.44)
"""How long the light is out, and back, in a flash. Uneven, so that it is like no other part of
itself, and no multiple of a picture's time, so that each change falls elsewhere between two."""


@frozen
class Switch:
    """A change of the light between monotonic `before_s` and `after_s`, to `is_dark`."""

    before_s: float
    after_s: float
    is_dark: bool


@frozen
class Picture:
    """One picture of a clip: `at_s` after the clip's beginning, `brightness` of 0 to 255."""

    at_s: float
    brightness: float


def is_vivid(camera: Path) -> bool:
    """Whether a device is the kernel's virtual camera, whose light can be set."""
    return "vivid" in Path(f"/sys/class/video4linux/{camera.name}/name").read_text()


def dim(camera: Path) -> Switch:
    """Take the light away, if the camera is vivid's."""
    return _switched(camera, is_dark=True)


def brighten(camera: Path) -> Switch:
    """Bring the light back."""
    return _switched(camera, is_dark=False)


def flash(camera: Path) -> Sequence[Switch]:
    """Take the light away and bring it back, some times, in two seconds and a half."""
    switches = []
    for number, lasts_s in enumerate(FLASH_S):
        switches.append(_switched(camera, is_dark=number % 2 == 0))
        time.sleep(lasts_s)
    return switches


def stamp_when_drawn(camera: Path) -> None:
    """Have vivid stamp a picture with the instant at which it draws it.

    Else it adds nine tenths of a picture's time, but hands it over at once: from the future.
    """
    if is_vivid(camera):
        _set_control(camera, _VIVID_CID_TSTAMP_SRC, _START_OF_EXPOSURE)


def pictures(file: Path) -> Sequence[Picture]:
    """Decode a clip and measure each picture."""
    command = ["ffmpeg", "-v", "error", "-i", str(file), "-vf"]
    command += ["signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-", "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"pts_time:(\S+)\s+lavfi\.signalstats\.YAVG=(\S+)", told)
    return [Picture(float(at_s), float(brightness)) for at_s, brightness in found]


def _switched(camera: Path, *, is_dark: bool) -> Switch:
    before_s = time.monotonic()
    if is_vivid(camera):
        _set_control(camera, _V4L2_CID_BRIGHTNESS, _DIM if is_dark else _NORMAL)
    return Switch(before_s, time.monotonic(), is_dark)


def _set_control(camera: Path, control: int, value: int) -> None:
    with camera.open("rb+", buffering=0) as device:
        fcntl.ioctl(device, _VIDIOC_S_CTRL, struct.pack("Ii", control, value))
