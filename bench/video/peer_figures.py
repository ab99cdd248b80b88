"""What recorders did side by side, and the table of it."""

from collections.abc import Mapping

from attrs import frozen

from bench.report import table
from bench.video.playback import Playback


@frozen(kw_only=True)
class PeerFigures:
    """What one recorder did: clips asked for `clip_s` after their trigger, and one killed."""

    clip_s: float
    idle_percent: float
    filming_cpu_s: float
    peak_rss_mb: float
    clips: tuple[Playback, ...]
    killed_after_s: float
    left: Playback

    @property
    def recorded_s(self) -> float:
        """The length of its clips."""
        return sum(clip.duration_s for clip in self.clips)

    def cells(self) -> list[str]:
        """Write the cells of its column, from top to bottom."""
        return [
            f"{self.idle_percent:.1f} %",
            f"{100 * self.filming_cpu_s / self.recorded_s:.1f} %" if self.recorded_s else "-",
            f"{self.peak_rss_mb:.0f} MB",
            self._pre_rolls_text(),
            self._clips_text(),
            self._left_text(),
        ]

    def _pre_rolls_text(self) -> str:
        pre_rolls_s = sorted(clip.duration_s - self.clip_s for clip in self.clips)
        return f"{pre_rolls_s[0]:.1f} to {pre_rolls_s[-1]:.1f} s"

    def _clips_text(self) -> str:
        faults = [clip.fault for clip in self.clips if not clip.plays]
        playing = f"{len(self.clips) - len(faults)} of {len(self.clips)}"
        return f"{playing}: {faults[0][:60]}" if faults else playing

    def _left_text(self) -> str:
        if self.left.pictures == 0:
            return f"nothing to play: {self.left.fault[:60]}"
        told = f", told as {self.left.duration_s:.1f} s" if self.left.duration_s else ", no length"
        how = "plays" if self.left.plays else f"breaks off ({self.left.fault[:60]})"
        return f"{how}, {self.left.pictures} pictures{told}"


_PEER_ROWS = (
    "CPU in standby, all processes",
    "CPU while filming, per recorded second",
    "peak memory, all processes",
    "pre-roll of a clip (length less what was asked after the trigger)",
    "clips that play",
    "killed in mid-clip",
)


def peers_table(figures: Mapping[str, PeerFigures | str]) -> str:
    """Draw recorders side by side; one without figures has its reason."""
    columns = [
        [column] * len(_PEER_ROWS) if isinstance(column, str) else column.cells()
        for column in figures.values()
    ]
    return table(("", *figures), [*zip(_PEER_ROWS, *columns, strict=True)])
