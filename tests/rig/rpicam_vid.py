"""A stand-in for `rpicam-vid` and `libcamera-vid`: their options and words, a test picture.

Options are those of rpicam-apps: `core/options.*` and `core/video_options.hpp` of
libcamera-vid 1.0.0 and rpicam-vid 1.13. As with the real ones, an unknown option or an
absent camera ends in `ERROR: *** why ***` and exit code 255. The board is one with an
encoder chip (up to a Pi 4) or without (Pi 5), the build one with libav or without.
"""

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import av
from attrs import asdict, frozen

_SWITCHES = (
    "nopreview,n fullscreen,f qt-preview hflip vflip flush inline listen,l keypress,k signal,s "
    "split"
)
_VALUES = (
    "width height timeout,t output,o preview,p rotation roi shutter gain metering exposure ev awb "
    "awbgains brightness contrast saturation sharpness denoise framerate camera mode verbose,v "
    "tuning-file info-text config,c post-process-file lores-width lores-height metadata "
    "viewfinder-width viewfinder-height viewfinder-mode wrap "
    "bitrate profile level intra,g codec save-pts quality,q initial segment circular frames"
)
_LIBAV_VALUES = "libav-format audio-codec audio-device audio-bitrate audio-samplerate av-sync"
_NEW_SWITCHES = "low-latency no-raw"
_NEW_VALUES = (
    "libav-video-codec libav-video-codec-opts autofocus-mode autofocus-range autofocus-speed "
    "lens-position hdr buffer-count flicker-period encoder-libs"
)


@frozen(kw_only=True)
class Board:
    """What the stand-in pretends to run on."""

    cameras: int = 1
    encoder_chip: bool = True
    libav: bool = True
    dies_after_s: float = 0

    @property
    def encoder_name(self) -> str:
        """What Linux calls its /dev/video11; a Pi 5's may be a USB camera."""
        return "bcm2835-codec-encode" if self.encoder_chip else "USB Camera: USB Camera"


def install(folder: Path, program: str, board: Board) -> Path:
    """Put the stand-in into `folder` under the name `program`; returns its path."""
    folder.mkdir(exist_ok=True)
    path = folder / program
    facts = [f"{name}={float(value):g}" for name, value in asdict(board).items()]
    command = shlex.join([sys.executable, __file__, program, *facts])
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    path.chmod(0o755)
    return path


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        _fail(message)


def _fail(words: str) -> NoReturn:
    sys.stderr.write(f"ERROR: *** {words} ***\n")
    sys.exit(255)


def _parser(program: str, *, libav: bool) -> argparse.ArgumentParser:
    new = program == "rpicam-vid"
    parser = _Parser(add_help=False, allow_abbrev=False)
    for switch in (_SWITCHES + f" {_NEW_SWITCHES}" * new).split():
        parser.add_argument(*_flags(switch), action="store_true")
    for value in (_VALUES + f" {_LIBAV_VALUES}" * libav + f" {_NEW_VALUES}" * new).split():
        parser.add_argument(*_flags(value), default="")
    return parser


def _flags(option: str) -> list[str]:
    name, _, letter = option.partition(",")
    return [f"--{name}", *([f"-{letter}"] if letter else [])]


def _limit_s(options: argparse.Namespace, board: dict[str, float]) -> float:
    """Say how long it films; 0 is for ever."""
    return board["dies_after_s"] or float(options.timeout or 5000) / 1000


# --- with an encoder chip: access units as they come, and their times in a file -----------


def _film_with_chip(options: argparse.Namespace, limit_s: float) -> None:
    """Write each picture when it is due, and then its line, as `Output::OutputReady` does.

    A picture that is late comes late, with the time at which it was due.
    """
    stdout = "/dev/stdout" if options.output == "-" else os.devnull
    fps, began_s = int(options.framerate or 30), time.monotonic()
    with Path(stdout).open("wb") as output, Path(options.save_pts or os.devnull).open("wb") as pts:
        pts.write(b"# timecode format v2\n")
        for number, picture in enumerate(_pictures(options, fps)):
            due_s = number / fps
            if limit_s and due_s >= limit_s:
                return
            time.sleep(max(0.0, began_s + due_s - time.monotonic()))
            for file, written in ((output, picture), (pts, b"%.3f\n" % (due_s * 1000))):
                file.write(written)
                if options.flush:
                    file.flush()


def _pictures(options: argparse.Namespace, fps: int) -> Iterator[bytes]:
    """Encode grey pictures that get brighter, without end."""
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = int(options.width), int(options.height)
    encoder.pix_fmt, encoder.framerate = "yuv420p", fps
    encoder.gop_size, encoder.thread_count = int(options.intra or 60), 1
    headers = f"repeat-headers={int(options.inline)}"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": headers}
    frame = av.VideoFrame(encoder.width, encoder.height, "yuv420p")
    number = 0
    while True:
        for plane in frame.planes:
            plane.update(bytes([number % 256]) * plane.buffer_size)
        frame.pts, number = number, number + 1
        yield from map(bytes, encoder.encode(frame))


# --- without one: libav with a container ---------------------------------------------------


def _libav(options: argparse.Namespace, limit_s: float) -> list[str]:
    """Imitate `LibAvEncoder`."""
    if "libav_format" not in options:
        _fail("Unable to find an appropriate H.264 codec")
    if not options.libav_format:
        _fail("libav: cannot allocate output context, try setting with --libav-format")
    if options.save_pts:
        _fail("libav: Incompatible options selected.")
    low = getattr(options, "low_latency", False)
    fps = options.framerate or "30"
    return [
        *("ffmpeg", "-v", "error", "-nostdin", "-re", "-f", "lavfi"),
        *("-i", f"testsrc2=size={options.width}x{options.height}:rate={fps}"),
        *("-c:v", "libx264", "-threads", "1", "-preset", "superfast"),
        *("-bf", "0" if low else "1", "-b_strategy", "0"),
        *(("-profile:v", options.profile) if options.profile else ()),
        *("-pix_fmt", "yuv420p", "-g", options.intra or fps, "-sc_threshold", "0"),
        *(("-t", f"{limit_s:g}") if limit_s else ()),
        *("-flush_packets", "1", "-f", options.libav_format),
        "pipe:1" if options.output == "-" else os.devnull,
    ]


def _main(program: str, *arguments: str) -> None:
    board = {name: float(value) for name, value in (a.split("=") for a in arguments[:4])}
    options, unknown = _parser(program, libav=bool(board["libav"])).parse_known_args(arguments[4:])
    if unknown:
        _fail(f"unrecognised option '{unknown[0]}'")
    if not board["cameras"]:
        _fail("no cameras available")
    if options.codec not in ("", "h264"):
        _fail(f"Unrecognised codec {options.codec}")
    if board["encoder_chip"]:
        _film_with_chip(options, _limit_s(options, board))
    else:
        command = _libav(options, _limit_s(options, board))
        if not board["dies_after_s"]:
            os.execvp(command[0], command)
        subprocess.run(command, check=True)
    if board["dies_after_s"]:
        sys.stderr.write(
            "#29 (15.00 fps) exp 33239.00 ag 1.00 dg 1.00\n"
        )  # as 1.0 says per picture
        _fail("failed to queue request")


if __name__ == "__main__":
    _main(*sys.argv[1:])
