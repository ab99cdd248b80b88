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
from pathlib import Path
from typing import NoReturn

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


def _encoder(options: argparse.Namespace, *, encoder_chip: bool) -> list[str]:
    """Imitate the encoder of the board, as rpicam-apps sets it up."""
    if options.codec not in ("", "h264"):
        _fail(f"Unrecognised codec {options.codec}")
    if encoder_chip:
        own = ["-preset", "ultrafast", "-bf", "0"]
    elif "libav_format" not in options:
        _fail("Unable to find an appropriate H.264 codec")
    elif not options.libav_format:
        _fail("libav: cannot allocate output context, try setting with --libav-format")
    else:
        low = getattr(options, "low_latency", False)
        own = ["-preset", "superfast", "-bf", "0" if low else "1", "-b_strategy", "0"]
    if options.profile:
        own += ["-profile:v", options.profile]
    if encoder_chip and not options.inline:
        own += ["-bsf:v", "filter_units=remove_types=7-8"]
    default_intra = "60" if encoder_chip else options.framerate
    return [*own, "-pix_fmt", "yuv420p", "-g", options.intra or default_intra, "-sc_threshold", "0"]


def _ffmpeg(options: argparse.Namespace, board: dict[str, float]) -> list[str]:
    picture = f"testsrc2=size={options.width}x{options.height}:rate={options.framerate or 30}"
    limits_s = [float(options.timeout or 5000) / 1000, board["dies_after_s"]]
    length = [("-t", f"{limit_s:g}") for limit_s in limits_s if limit_s]
    return [
        *("ffmpeg", "-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", picture),
        *("-c:v", "libx264", "-threads", "1"),
        *_encoder(options, encoder_chip=bool(board["encoder_chip"])),
        *(length[-1] if length else ()),
        *("-flush_packets", "1", "-f", "h264", "pipe:1" if options.output == "-" else "/dev/null"),
    ]


def _main(program: str, *arguments: str) -> None:
    board = {name: float(value) for name, value in (a.split("=") for a in arguments[:4])}
    options, unknown = _parser(program, libav=bool(board["libav"])).parse_known_args(arguments[4:])
    if unknown:
        _fail(f"unrecognised option '{unknown[0]}'")
    if not board["cameras"]:
        _fail("no cameras available")
    command = _ffmpeg(options, board)
    if not board["dies_after_s"]:
        os.execvp(command[0], command)
    subprocess.run(command, check=True)
    sys.stderr.write("#29 (15.00 fps) exp 33239.00 ag 1.00 dg 1.00\n")  # as 1.0 says per picture
    _fail("failed to queue request")


if __name__ == "__main__":
    _main(*sys.argv[1:])
