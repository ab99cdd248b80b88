"""Real video for tests, by the ffmpeg on the PATH, or by the one that imageio-ffmpeg brings."""

import random
import shutil
import subprocess
from pathlib import Path

import imageio_ffmpeg


def make_mp4(
    folder: Path,
    *,
    duration_s: float,
    size: str = "320x180",
    b_frames: int = 0,
    preset: str = "ultrafast",
) -> Path:
    """Film a test pattern: H.264 in a fast-start MP4, a keyframe a second.

    The cheapest preset gives the Constrained Baseline profile; `medium` gives High, with CABAC.
    """
    made = folder / "clip.mp4"
    _ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=15:duration={duration_s}"),
        *("-c:v", "libx264", "-preset", preset, "-pix_fmt", "yuv420p", "-g", "15"),
        *("-bf", str(b_frames), "-movflags", "+faststart", str(made)),
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


def with_damaged_header(mp4: bytes, chosen: random.Random) -> bytes:
    """Overwrite a few bytes of what says where pictures are and how they are coded."""
    damaged = bytearray(mp4)
    header_bytes = mp4.index(b"mdat")
    for _ in range(chosen.choice([1, 2, 8])):
        size_bytes = chosen.choice([1, 2, 4])
        offset = chosen.randrange(header_bytes - size_bytes)
        new = chosen.choice([bytes(size_bytes), b"\xff" * size_bytes, chosen.randbytes(size_bytes)])
        damaged[offset : offset + size_bytes] = new
    return bytes(damaged)


def of_unknown_coding(mp4: bytes) -> bytes:
    """Give its pictures a coding that nobody knows (ISO/IEC 14496-12, sample entry)."""
    entry = mp4.index(b"avc1", mp4.index(b"stsd"))
    return mp4[:entry] + b"zzzz" + mp4[entry + 4 :]
