"""What the cameras film: people entering a room, or a test picture where that is not at hand.

Made once for a run at 1280x720 and 15 pictures a second, a keyframe a second and no B-frames: so
a file camera really gives 15 a second, and a network camera can send it as it is.
"""

import subprocess
from pathlib import Path

from attrs import frozen

from bench.processes import ROOT

RECORDED = ROOT.parent / "shared" / "data" / "video" / "intel_one-by-one-person-detection.mp4"
WIDTH, HEIGHT, FPS = 1280, 720, 15
RESOLUTION = f"{WIDTH}x{HEIGHT}"
DURATION_S = 120
_MADE_WITHIN_S = 300
_FITTED = (
    f"scale={WIDTH}:{HEIGHT}:force_original_aspect_ratio=decrease,"
    f"pad={WIDTH}:{HEIGHT}:(ow-iw)/2:(oh-ih)/2,setsar=1,fps={FPS}"
)


@frozen(kw_only=True)
class Footage:
    """The same pictures twice: `mp4` for a file camera, `annex_b` for a network camera."""

    mp4: Path
    annex_b: Path
    title: str


def make_footage(folder: Path) -> Footage:
    """Encode it into `folder`, in about half a minute. Raises `OSError`."""
    mp4, annex_b = folder / "footage.mp4", folder / "footage.h264"
    if RECORDED.is_file():
        source, title = ["-i", str(RECORDED)], f"`{RECORDED.name}`"
    else:
        picture = f"testsrc2=size={RESOLUTION}:rate={FPS}"
        source, title = ["-f", "lavfi", "-i", picture], "a test picture"
    encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", str(FPS)]
    rate = ["-maxrate", "2M", "-bufsize", "2M", "-pix_fmt", "yuv420p", "-sc_threshold", "0"]
    _ffmpeg(*source, "-t", str(DURATION_S), "-an", "-vf", _FITTED, *encoder, *rate, str(mp4))
    _ffmpeg("-i", str(mp4), "-c", "copy", "-bsf:v", "h264_mp4toannexb,dump_extra", str(annex_b))
    return Footage(mp4=mp4, annex_b=annex_b, title=title)


def _ffmpeg(*arguments: str) -> None:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_MADE_WITHIN_S, check=False
    )
    if done.returncode != 0:
        raise OSError(f"ffmpeg could not make the footage: {done.stderr.strip()[-300:]}")
