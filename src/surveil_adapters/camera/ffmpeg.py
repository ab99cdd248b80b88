"""What ffmpeg can see: V4L2 cameras, network cameras, video files, a test picture.

Network cameras are copied as they come; all else is encoded by libx264 in its cheapest
preset, on one thread. Files are encoded too: a file may hold any codec, and seldom has a
keyframe each second. All come out in FLV, for its time stamps: those of the network camera, or
of the kernel's driver.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import ffmpeg
from attrs import evolve

from surveil_adapters.camera.process import CameraCommand, Container
from surveil_adapters.camera.program import ProgramSource
from surveil_core.errors import CameraUnavailable
from surveil_core.ports.clock import Clock
from surveil_core.video import VideoFormat

NAME = "ffmpeg"
_QUIET: dict[str, Any] = {"hide_banner": None, "nostdin": None, "loglevel": "error"}
_BITS_PER_PIXEL = 0.15
_LOCAL_PICTURE_WITHIN_S = 6.0
_NETWORK_PICTURE_WITHIN_S = 15.0
_NETWORK_TIMEOUT_US = 5_000_000
_CATCHES_UP_S = 5
"""What a busy machine held back is made good; what is longer late goes on from there."""


def synthetic_source(format: VideoFormat, clock: Clock) -> ProgramSource:
    """Build a moving test picture which shows the time since its start."""

    def command(asked: VideoFormat) -> CameraCommand:
        picture = f"testsrc2=size={asked.resolution}:rate={asked.fps}"
        return _encoded(_in_real_time(ffmpeg.input(picture, f="lavfi", **_QUIET)), asked)

    return _encoding_source(command, format, clock, simulated=True)


def file_source(path: Path, format: VideoFormat, clock: Clock) -> ProgramSource:
    """Build a source that plays a file in real time, for ever, fitted into `format`."""

    def command(asked: VideoFormat) -> CameraCommand:
        played = ffmpeg.input(f"file:{path}", stream_loop=-1, threads=1, **_QUIET)
        # An even rate, as of a camera: a file may hold any, and change it.
        fitted = _fitted(_in_real_time(played["v:0"]), asked)
        return _encoded(fitted, asked, fpsmax=asked.fps, fps_mode="cfr")

    return _encoding_source(command, format, clock, simulated=True)


def v4l2_source(device: Path, format: VideoFormat, clock: Clock) -> ProgramSource:
    """Build a source that reads a V4L2 device such as a USB camera."""
    return _encoding_source(
        lambda asked: v4l2_command(device, asked), format, clock, simulated=False
    )


def v4l2_command(device: Path, asked: VideoFormat) -> CameraCommand:
    """Write what reads a V4L2 device; a driver gives its nearest size to the one that is asked."""
    camera = ffmpeg.input(
        str(device),
        f="v4l2",
        video_size=(asked.width, asked.height),  # ffmpeg-python takes a text apart by letters
        framerate=asked.fps,
        **_QUIET,
    )
    # The kernel's own times, monotonic, from whenever and not rounded to the rate asked for.
    stamps = {"copyts": None, "enc_time_base": "1/90000"}
    return evolve(_encoded(camera, asked, **stamps), stamps_are_monotonic=True)


def rtsp_source(url: str, format: VideoFormat, clock: Clock) -> ProgramSource:
    """Build a source that copies the H.264 of a network camera, over TCP.

    The camera itself should send a keyframe a second and no B-frames.
    """
    return ProgramSource(
        name=NAME,
        simulated=False,
        format=format,
        clock=clock,
        command=lambda _: rtsp_command(url),
        first_picture_within_s=_NETWORK_PICTURE_WITHIN_S,
        describe=_redactor_of(url),
    )


def rtsp_command(url: str) -> CameraCommand:
    """Write what copies a network camera's pictures."""
    camera = ffmpeg.input(
        url,
        rtsp_transport="tcp",
        # Else ffmpeg waits 5 s for a sound that is announced and silent.
        allowed_media_types="video",
        timeout=_NETWORK_TIMEOUT_US,
        # Else it measures the frame rate for 5 s, and then gives all that at once.
        fpsprobesize=0,
        **_QUIET,
    )
    # Of B-frames, nobody knows when the first picture is shown; FLV takes no such picture.
    return _command(camera["v:0"], {"c:v": "copy", "bsf:v": "setts=ts=DTS"})


def redact_urls(text: str) -> str:
    """Replace the user, password and query of every URL in `text`."""
    text = re.sub(r"(?<=//)[^\s'\"]*@", "***@", text)
    return re.sub(r"(//[^\s'\"?]*)\?[^\s'\"]*", r"\1?***", text)


def _encoding_source(
    command: Callable[[VideoFormat], CameraCommand],
    format: VideoFormat,
    clock: Clock,
    *,
    simulated: bool,
) -> ProgramSource:
    return ProgramSource(
        name=NAME,
        simulated=simulated,
        format=format,
        clock=clock,
        command=command,
        first_picture_within_s=_LOCAL_PICTURE_WITHIN_S,
    )


def _in_real_time(stream: Any) -> Any:
    """Give each picture at its time. The option `-re` would begin with half a second at once."""
    return stream.filter("realtime", limit=_CATCHES_UP_S)


def _fitted(stream: Any, format: VideoFormat) -> Any:
    """Scale into the format and centre on black, keeping the picture's proportions."""
    return (
        stream.filter("scale", format.width, format.height, force_original_aspect_ratio="decrease")
        .filter("pad", format.width, format.height, "(ow-iw)/2", "(oh-ih)/2")
        .filter("setsar", 1)
    )


def _encoded(stream: Any, format: VideoFormat, **more: Any) -> CameraCommand:
    max_bits_per_s = int(format.width * format.height * format.fps * _BITS_PER_PIXEL)
    almost_1_s = 1 - 0.5 / format.fps  # "g" and time are not to force two pictures in a row
    options = {
        "c:v": "libx264",
        "preset": "ultrafast",
        "tune": "zerolatency",
        "threads": 1,
        "pix_fmt": "yuv420p",
        "maxrate": max_bits_per_s,
        "bufsize": max_bits_per_s,
        "g": format.fps,
        # By time as well, for a camera that gives fewer pictures than asked.
        "force_key_frames": f"expr:isnan(prev_forced_t)+gte(t-prev_forced_t,{almost_1_s:.3f})",
        **more,
    }
    return _command(stream, options)


def _command(stream: Any, options: dict[str, Any]) -> CameraCommand:
    live = {"f": "flv", "flvflags": "no_duration_filesize", "flush_packets": 1}
    output = stream.output("pipe:1", an=None, **live, **options)
    return CameraCommand(arguments=output.compile(cmd=_binary()), container=Container.FLV)


def _binary() -> str:
    """Find ffmpeg: the system's, else the one that the imageio-ffmpeg package carries."""
    if shutil.which("ffmpeg"):
        return "ffmpeg"
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise CameraUnavailable(
            "[Errno 2] No such file or directory: 'ffmpeg'; "
            "install ffmpeg, or the package imageio-ffmpeg"
        ) from error


def _redactor_of(url: str) -> Callable[[str], str]:
    """Build what hides a URL's secrets even where ffmpeg prints them bare or decoded."""
    parts = urlsplit(url)
    userinfo = parts.netloc.rpartition("@")[0]
    password = userinfo.partition(":")[2]
    secrets = {userinfo, password, unquote(password), parts.query} - {""}

    def describe(text: str) -> str:
        text = redact_urls(text)
        for secret in sorted(secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    return describe
