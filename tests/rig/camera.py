"""What tests of cameras share: what a process holds, clips, a look into videos."""

import json
import os
import subprocess
import threading
from contextlib import closing
from pathlib import Path

from attrs import evolve

from surveil_adapters.spool import DiskSpool
from surveil_core.ports.camera import Clip
from surveil_core.video import AccessUnit, VideoFormat
from tests.footage import TRIGGERED_AT_UTC, label_of

FORMAT = VideoFormat(width=320, height=180, fps=15)


def descriptors() -> int:
    """Count this process's open files."""
    return len(os.listdir("/proc/self/fd"))


def memory_bytes() -> int:
    """Say how much memory this process has resident now."""
    resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
    return resident_pages * os.sysconf("SC_PAGE_SIZE")


def children(thread_id: int | None = None) -> list[int]:
    """List the child processes of this thread or another, but for the broker that tests share."""
    thread_id = threading.get_native_id() if thread_id is None else thread_id
    text = Path(f"/proc/self/task/{thread_id}/children").read_text()
    names = {int(pid): Path(f"/proc/{pid}/comm").read_text().strip() for pid in text.split()}
    return [pid for pid, name in names.items() if name != "mosquitto"]


def make_clip(units: list[AccessUnit], folder: Path, format: VideoFormat = FORMAT) -> Path:
    """Write pictures as a clip, as the service does; returns the MP4."""
    return describe_clip(units, folder, format).video_path


def describe_clip(units: list[AccessUnit], folder: Path, format: VideoFormat = FORMAT) -> Clip:
    """Write pictures as a clip, as the service does; returns the MP4 with what is known of it."""
    spool = DiskSpool(folder)
    spool.open()
    with closing(spool):
        writer = spool.start_clip(evolve(label_of(), triggered_at_s=units[0].at_s, format=format))
        for unit in units:
            writer.append(unit)
        return writer.finish(triggered_at_utc=TRIGGERED_AT_UTC).make_video().clip


def probe(path: Path) -> dict[str, str]:
    """Ask ffprobe for duration, codec and size."""
    entries = "format=duration:stream=codec_name,width,height,r_frame_rate"
    command = ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "json", str(path)]
    answer = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {**answer["streams"][0], **answer["format"]}


def decode(path: Path) -> None:
    """Decode every picture; the least error fails."""
    # A fine time base: arrival times are no multiples of the frame rate.
    times = ["-fps_mode", "passthrough", "-enc_time_base", "1:90000"]
    strict = ["ffmpeg", "-v", "error", "-nostdin", "-xerror", "-err_detect", "explode"]
    command = [*strict, "-i", str(path), *times, "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def keyframe_times(path: Path) -> list[float]:
    """List when keyframes are shown, in seconds."""
    entries = ["-select_streams", "v", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0"]
    command = ["ffprobe", "-v", "error", *entries, str(path)]
    lines = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    rows = [line.split(",") for line in lines]
    return [float(row[0]) for row in rows if row[1].startswith("K")]


def picture_types(path: Path) -> set[str]:
    """Say which kinds of pictures a video has: I, P, B."""
    entries = ["-select_streams", "v", "-show_entries", "frame=pict_type", "-of", "csv=p=0"]
    command = ["ffprobe", "-v", "error", *entries, str(path)]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return {line.strip(",") for line in text.split()}
