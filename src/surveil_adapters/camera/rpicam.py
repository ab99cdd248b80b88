"""The Raspberry Pi's own camera program, under its new name and its old one.

Only options that `libcamera-vid` 1.0 (2022) knows are given, since an unknown one ends
the program. A Pi 5 has no encoder chip: there the program uses libx264 through libav,
if it was built with it (the `-lite` packages are not).
"""

from collections.abc import Callable
from pathlib import Path

from surveil_adapters.camera.process import CameraCommand, Container
from surveil_adapters.camera.program import ProgramSource
from surveil_core.ports.clock import Clock
from surveil_core.video import VideoFormat

PROGRAMS = ("rpicam-vid", "libcamera-vid")
"""Since Raspberry Pi OS bookworm, and before."""

ENCODER_NAME_FILE = Path("/sys/class/video4linux/video11/name")
"""Says `bcm2835-codec-encode` up to the Pi 4. On a Pi 5 it may be some USB camera's."""

_FIRST_PICTURE_WITHIN_S = 6.0
_ENCODER_NAME = "bcm2835-codec-encode"


def rpicam_source(
    program: str,
    format: VideoFormat,
    clock: Clock,
    *,
    encoder_name_file: Path = ENCODER_NAME_FILE,
) -> ProgramSource:
    """Build the source that runs `program`, one of `PROGRAMS` or the path of one."""
    return ProgramSource(
        name=Path(program).name,
        simulated=False,
        format=format,
        clock=clock,
        command=_command_of(program, encoder_name_file),
        first_picture_within_s=_FIRST_PICTURE_WITHIN_S,
    )


def _command_of(program: str, encoder_name_file: Path) -> Callable[[VideoFormat], CameraCommand]:
    def command(format: VideoFormat) -> CameraCommand:
        arguments = [
            *(program, "--timeout", "0", "--nopreview", "--codec", "h264"),
            *("--width", str(format.width), "--height", str(format.height)),
            *("--framerate", str(format.fps), "--intra", str(format.fps)),
            *("--inline", "--flush", "--output", "-"),
        ]
        if _has_encoder_chip(encoder_name_file):
            return CameraCommand(
                arguments=arguments, container=Container.ANNEX_B, stamps_option="--save-pts"
            )
        return CameraCommand(
            arguments=[*arguments, *_SOFTWARE_ENCODER_OPTIONS], container=Container.FLV
        )

    return command


_SOFTWARE_ENCODER_OPTIONS = (
    # libav cannot guess a format from the name `-`; there is no `--save-pts` beside one
    *("--libav-format", "flv"),
    # else libx264 makes B-frames, and pictures would not come in the order of their times
    *("--profile", "baseline"),
)


def _has_encoder_chip(encoder_name_file: Path) -> bool:
    try:
        return encoder_name_file.read_text().strip() == _ENCODER_NAME
    except OSError:
        return False
