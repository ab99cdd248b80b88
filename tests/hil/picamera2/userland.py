"""Debian 13 with libcamera, and Picamera2: folders in the cache, nothing is installed.

Debian has no Picamera2; Raspberry Pi OS has it from the same source as its wheel.
"""

import shutil
import sys
from pathlib import Path

from tests.hil.rig.cache import RigBroken, cache_dir, run, say

SUITE = "trixie"
PYTHON = "3.13"
"""The Python of `SUITE`."""

DEBIAN_PACKAGES = (
    *("python3-libcamera", "libcamera-ipa"),
    # what Picamera2 imports
    *("python3-numpy", "python3-pil", "python3-piexif", "python3-prctl"),
    # what the camera adapters import, and the suite runs
    *("python3-av", "python3-attr", "python3-pytest", "ffmpeg"),
)
WHEELS = (
    *("picamera2==0.3.38", "videodev2==0.0.4", "simplejpeg==1.9.0"),
    *("ffmpeg-python==0.2.0", "future==1.0.0"),
)
"""What Debian has not; without their dependencies, of which some have no wheel."""
_VERSION = "1"
"""Raise the number when a list changes."""


def debian_folder() -> Path:
    """Have a folder with a small Debian in it, made unless it is there."""
    folder = cache_dir() / f"{SUITE}-{_VERSION}"
    if not folder.exists():
        if shutil.which("mmdebstrap") is None:
            raise RigBroken("mmdebstrap is needed: sudo apt-get install mmdebstrap")
        partial = folder.with_suffix(".partial")
        if partial.exists():
            raise RigBroken(f"an earlier run was cut short; remove what it left: {partial}")
        say(f"Debian {SUITE} is being unpacked; takes a minute or two")
        packages = ",".join(DEBIAN_PACKAGES)
        run("mmdebstrap", "--variant=minbase", f"--include={packages}", SUITE, partial)
        partial.rename(folder)
        say(f"Debian {SUITE} unpacked")
    return folder


def wheels_folder() -> Path:
    """Have a folder with Picamera2 and what only comes as wheels, filled unless it is there."""
    folder = cache_dir() / f"picamera2-{_VERSION}"
    if not folder.exists():
        work = cache_dir() / "picamera2-build"
        shutil.rmtree(work, ignore_errors=True)
        run(sys.executable, "-m", "venv", work / "tools")
        pip = (work / "tools/bin/python", "-m", "pip", "--disable-pip-version-check", "-q")
        target = ("--python-version", PYTHON, "--platform", "manylinux_2_28_x86_64")
        partial = work / "wheels"
        run(
            *(*pip, "install", "--no-deps", "--no-compile", "--only-binary=:all:"),
            *(*target, "--target", partial, *WHEELS),
        )
        partial.rename(folder)
        shutil.rmtree(work)
        say("Picamera2 unpacked")
    return folder
