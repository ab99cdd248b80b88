"""Real video for tests, by the ffmpeg on the PATH, or by the one that imageio-ffmpeg brings."""

import shutil
import subprocess
from pathlib import Path

import imageio_ffmpeg


def make_mp4(folder: Path, *, duration_s: float, size: str = "320x180") -> Path:
    """Film a test pattern: H.264 in a fast-start MP4, a keyframe a second."""
    made = folder / "clip.mp4"
    _ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=15:duration={duration_s}"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "15"),
        *("-movflags", "+faststart", str(made)),
    )
    return made


def make_plain_mp4(folder: Path, *, rgb: str, matrix: str) -> Path:
    """Film one colour (`C82828`), coded by the matrix `bt709` or `bt601`, which the file names."""
    made = folder / "plain.mp4"
    name = {"bt709": "bt709", "bt601": "smpte170m"}[matrix]
    _ffmpeg(
        *("-f", "lavfi", "-i", f"color=c=0x{rgb}:size=320x180:rate=15:duration=1"),
        *("-vf", f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-colorspace", name, "-color_range", "tv"),
        str(made),
    )
    return made


def make_annex_b(folder: Path, mp4: bytes) -> Path:
    """Unwrap an MP4 into raw H.264."""
    source, made = folder / "source.mp4", folder / "clip.h264"
    source.write_bytes(mp4)
    _ffmpeg(
        *("-i", str(source), "-c", "copy", "-bsf:v", "h264_mp4toannexb"), *("-f", "h264", str(made))
    )
    return made


def _ffmpeg(*arguments: str) -> None:
    program = shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([program, "-v", "error", "-y", *arguments], check=True, timeout=60)
