"""Whether a video plays: its length by ffprobe, and every picture decoded by ffmpeg."""

import subprocess
from pathlib import Path

from attrs import frozen

_WITHIN_S = 300


@frozen(kw_only=True)
class Playback:
    """What a player makes of a file. `fault` is the first thing it says, empty if it plays."""

    duration_s: float = 0.0
    pictures: int = 0
    fault: str = ""

    @property
    def plays(self) -> bool:
        """Whether there are pictures, and each of them decodes."""
        return not self.fault and self.pictures > 0


def play(path: Path) -> Playback:
    """Measure a file and decode all of it; the least error is a fault."""
    entries = ["-count_packets", "-select_streams", "v:0"]
    shown = ["-show_entries", "stream=nb_read_packets:format=duration", "-of", "default=nk=0:nw=1"]
    probed = _run(["ffprobe", "-v", "error", *entries, *shown, str(path)])
    facts = facts_of(probed.stdout)
    # A fine time base: arrival times are no multiples of the frame rate.
    times = ["-fps_mode", "passthrough", "-enc_time_base", "1:90000"]
    strict = ["ffmpeg", "-v", "error", "-nostdin", "-xerror", "-err_detect", "explode"]
    decoded = _run([*strict, "-i", str(path), "-map", "0:v:0", *times, "-f", "null", "-"])
    said = f"{probed.stderr}{decoded.stderr}".strip().splitlines()
    is_refused = probed.returncode or decoded.returncode
    return Playback(
        duration_s=facts.get("duration", 0.0),
        pictures=int(facts.get("nb_read_packets", 0)),
        fault=said[0] if said else ("refused without a word" if is_refused else ""),
    )


def facts_of(text: str) -> dict[str, float]:
    """Read ffprobe's `key=value` lines; what is no number, such as N/A, is left out."""
    facts = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        try:
            facts[key] = float(value)
        except ValueError:
            continue
    return facts


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=_WITHIN_S, check=False)
