"""The Raspberry Pi's own camera program, under its new name and its old one."""

from collections.abc import Callable, Sequence
from pathlib import Path

from surveil_adapters.camera.process import ProgramSource
from surveil_core.ports.clock import Clock
from surveil_core.video import VideoFormat

PROGRAMS = ("rpicam-vid", "libcamera-vid")
"""Since Raspberry Pi OS bookworm, and before."""

_FIRST_PICTURE_WITHIN_S = 6.0
_HARDWARE_ENCODER = Path("/dev/video11")


def rpicam_source(program: str, format: VideoFormat, clock: Clock) -> ProgramSource:
    """Build the source that runs `program`, one of `PROGRAMS`."""
    return ProgramSource(
        name=program,
        simulated=False,
        format=format,
        clock=clock,
        arguments=_arguments_of(program),
        first_picture_within_s=_FIRST_PICTURE_WITHIN_S,
    )


def _arguments_of(program: str) -> Callable[[VideoFormat], Sequence[str]]:
    def arguments(format: VideoFormat) -> list[str]:
        return [
            *(program, "-t", "0", "-n", "--codec", "h264"),
            *("--width", str(format.width), "--height", str(format.height)),
            *("--framerate", str(format.fps), "--intra", str(format.fps)),
            *("--inline", "--flush"),
            *_software_encoder_options(),
            *("-o", "-"),
        ]

    return arguments


def _software_encoder_options() -> tuple[str, ...]:
    """A Pi 5 encodes with libav, which cannot guess a format from the name `-`."""
    return () if _HARDWARE_ENCODER.exists() else ("--libav-format", "h264")
