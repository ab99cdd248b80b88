"""What a row found out, in the words of the page, and what must be reached.

Pure: figures in, text and verdicts out.
"""

import math
from collections.abc import Sequence

from attrs import field, frozen

from bench.delivery.verdicts import Verdict
from bench.figures import percentile
from bench.video.playback import Playback

MAX_CPU_PERCENT = 3.0
MAX_WRITTEN_PER_STORED = 1.1
MAX_PEAK_MB = 60.0
MAX_LENGTH_ERROR_S = 0.2
MAX_LOST_S = 1.0
_STORED = ("whole", "salvaged")


@frozen(kw_only=True)
class Finding:
    """One row: what was seen, the verdicts on it, and what has a table of its own."""

    seen: str
    verdicts: tuple[Verdict, ...] = ()
    more: str = ""


# --- pre-roll -----------------------------------------------------------------------


def judge_pre_roll(pre_rolls_s: Sequence[float], triggers: int, asked_s: float) -> Finding:
    """Judge how long before each trigger's publication its clip begins; one may be missing."""
    ordered = sorted(pre_rolls_s)
    early = sum(pre_roll_s > 0 for pre_roll_s in ordered)
    whole = sum(pre_roll_s >= asked_s for pre_roll_s in ordered)
    spread = (
        f"; smallest {ordered[0]:.2f} s, median {percentile(ordered, 50):.2f} s, "
        f"largest {ordered[-1]:.2f} s; {whole} have the {asked_s:g} s asked for"
        if ordered
        else ""
    )
    return Finding(
        seen=f"{early} of {triggers}{spread}",
        verdicts=(
            Verdict(
                requirement="first picture before the trigger in every clip",
                is_met=early == triggers and triggers > 0,
                seen=f"{early} of {triggers}",
            ),
        ),
    )


# --- processor time -----------------------------------------------------------------


@frozen(kw_only=True)
class CpuUse:
    """Processor time of the program and, apart, of its ffmpeg, over `wall_s`.

    `recorded_s` is the length of the clips that were stored meanwhile, 0 in idle standby.
    """

    wall_s: float
    program_s: float
    encoder_s: float
    recorded_s: float = 0.0

    @property
    def program_percent(self) -> float:
        """Of one core, by the clock on the wall."""
        return 100 * self.program_s / self.wall_s

    @property
    def per_recorded_percent(self) -> float:
        """Processor time per second of stored video, in hundredths."""
        return 100 * self.program_s / self.recorded_s if self.recorded_s else 0.0


def judge_cpu(idle: CpuUse, filming: CpuUse, *, of: str = "the recorder") -> Finding:
    """Judge by the clock on the wall: pre-rolls, which overlap, would flatter us."""
    both = (("idle standby", idle), ("filming and storing", filming))
    return Finding(
        seen=(
            f"standby {idle.program_percent:.2f} %; filming and storing "
            f"{filming.program_percent:.2f} %, which is {filming.per_recorded_percent:.2f} % a "
            f"recorded second ({filming.recorded_s:.0f} s of clips in {filming.wall_s:.0f} s); "
            f"ffmpeg beside it {100 * idle.encoder_s / idle.wall_s:.0f} and "
            f"{100 * filming.encoder_s / filming.wall_s:.0f} %"
        ),
        verdicts=tuple(
            Verdict(
                requirement=f"CPU of {of} without the encoder, {name}: under {MAX_CPU_PERCENT:g} %",
                is_met=use.program_percent < MAX_CPU_PERCENT,
                seen=f"{use.program_percent:.2f} %",
            )
            for name, use in both
        ),
    )


# --- bytes written ------------------------------------------------------------------


@frozen(kw_only=True)
class Writing:
    """What was written while `stored_bytes` of clips were stored; `net` leaves cancelled out."""

    name: str
    stored_bytes: int
    dirtied_bytes: int
    net_bytes: int

    @property
    def net_ratio(self) -> float:
        """Bytes to the disk per byte stored."""
        return self.net_bytes / self.stored_bytes if self.stored_bytes else math.inf

    def text(self) -> str:
        """Write it as a part of a cell."""
        dirtied_ratio = self.dirtied_bytes / self.stored_bytes if self.stored_bytes else math.inf
        return (
            f"{self.name} {self.net_ratio:.2f} ({dirtied_ratio:.2f} with what was removed "
            f"again before it reached the disk)"
        )


def judge_writes(
    wholes: Sequence[Writing], steps: Sequence[Writing], idle_bytes_per_s: float
) -> Finding:
    """Judge the steps that store into the database and into files; the wholes are told beside.

    A whole is twice as much, since a clip is spooled before it is stored: the goal is not its own.
    """
    parts = [writing.text() for writing in (*wholes, *steps)]
    return Finding(
        seen="; ".join([*parts, f"idle {idle_bytes_per_s:.0f} B/s"]),
        verdicts=tuple(
            Verdict(
                requirement=(
                    f"bytes written per byte stored, {step.name}, without spooling it first: "
                    f"at most {MAX_WRITTEN_PER_STORED:g}"
                ),
                is_met=step.net_ratio <= MAX_WRITTEN_PER_STORED,
                seen=f"{step.net_ratio:.2f}",
            )
            for step in steps
        ),
    )


# --- memory and length --------------------------------------------------------------


@frozen(kw_only=True)
class LongClip:
    """A clip of `duration_s` asked for: the memory it took, and whether it plays."""

    duration_s: float
    before_mb: float
    peak_mb: float
    together_peak_mb: float
    ring_mb: float
    stored_s: float
    stored_bytes: int
    written_net_bytes: int
    playback: Playback

    @property
    def without_ring_mb(self) -> float:
        """What remains when the ring is taken off."""
        return self.peak_mb - self.ring_mb

    @property
    def length_error_s(self) -> float:
        """How far the file's own length is from the one that is stored, and from what was asked.

        The pre-roll comes on top of what was asked, so only less than that is an error.
        """
        missing_s = max(0.0, self.duration_s - self.playback.duration_s)
        return max(abs(self.playback.duration_s - self.stored_s), missing_s)

    def text(self) -> str:
        """Write it as a part of a cell."""
        played = self.playback.fault or f"{self.playback.pictures} pictures decode"
        return (
            f"{self.duration_s:g} s: {self.peak_mb:.0f} MB, {self.before_mb:.0f} before it, "
            f"{self.together_peak_mb:.0f} with the process that makes the video, ring "
            f"{self.ring_mb:.1f}; file {self.playback.duration_s:.2f} s, {played}, "
            f"{self.written_net_bytes / max(1, self.stored_bytes):.2f} bytes written a byte"
        )


def judge_memory(clips: Sequence[LongClip]) -> Finding:
    """Judge the highest memory, and every file."""
    highest = max(clips, key=lambda clip: clip.without_ring_mb)
    return Finding(
        seen="; ".join(clip.text() for clip in clips),
        verdicts=(
            Verdict(
                requirement=(
                    f"peak memory of the program alone at most {MAX_PEAK_MB:g} MB + ring, "
                    "whatever the length"
                ),
                is_met=highest.without_ring_mb <= MAX_PEAK_MB,
                seen=f"{highest.without_ring_mb:.1f} MB + {highest.ring_mb:.1f} MB at most, "
                f"with the clip of {highest.duration_s:g} s",
            ),
            *(
                Verdict(
                    requirement=f"a clip of {clip.duration_s:g} s plays, its length true within "
                    f"{MAX_LENGTH_ERROR_S:g} s",
                    is_met=clip.playback.plays and clip.length_error_s <= MAX_LENGTH_ERROR_S,
                    seen=clip.playback.fault
                    or f"{clip.playback.duration_s:.2f} s, {clip.stored_s:.2f} s stored",
                )
                for clip in clips
            ),
        ),
    )


# --- kills --------------------------------------------------------------------------


@frozen(kw_only=True)
class Promise:
    """One event that the broker had taken, and what became of its clip.

    `ending` is `whole`, `salvaged`, `given up` (with a reason) or `lost` (without a word).
    `lost_s` is how much of it, from the trigger to the kill, is nowhere; None where no kill
    fell into it. `missing_s` are the gaps that the clip itself tells of, which `lost_s` includes.
    """

    event_id: str
    ending: str
    lost_s: float | None = None
    missing_s: float = 0.0
    fault: str = ""


@frozen(kw_only=True)
class Kills:
    """All kills of a run: in which state each fell, the database after each, the promises."""

    seed: int
    states: Sequence[str]
    integrity: Sequence[str]
    promises: Sequence[Promise]
    left_over: int = 0
    endings: Sequence[str] = field(default=("whole", "salvaged", "given up", "lost"))


def judge_kills(kills: Kills) -> Finding:
    """Judge losses, the database and what plays."""
    promises = kills.promises
    losses_s = sorted(p.lost_s for p in promises if p.lost_s is not None)
    unsound = [answer for answer in kills.integrity if answer != "ok"]
    faulty = [p for p in promises if p.fault]
    silent = [p for p in promises if p.ending == "lost"]
    too_long = [loss_s for loss_s in losses_s if loss_s > MAX_LOST_S]
    worst_s = losses_s[-1] if losses_s else 0.0
    endings = ", ".join(f"{sum(p.ending == e for p in promises)} {e}" for e in kills.endings)
    states = "; ".join(f"{kills.states.count(s)} {s}" for s in sorted(set(kills.states)))
    gaps_s = [p.missing_s for p in promises if p.missing_s > 0]
    gaps = f"{len(gaps_s)} clips have gaps, of {max(gaps_s, default=0.0):.2f} s at most"
    median = f", median {percentile(losses_s, 50):.2f} s" if losses_s else ""
    return Finding(
        seen=(
            f"{len(kills.states)} kills ({states}; seed {kills.seed}); {len(promises)} clips "
            f"promised: {endings}; lost of what was under way at a kill: {worst_s:.2f} s at "
            f"most{median}; {gaps}; {kills.left_over} files left over"
        ),
        verdicts=(
            Verdict(
                requirement=f"kill -9: no clip lost beyond its last {MAX_LOST_S:g} s",
                is_met=not silent and not too_long,
                seen=f"{worst_s:.2f} s at most; {len(too_long)} lost more, "
                f"{len(silent)} without a word",
            ),
            Verdict(
                requirement="kill -9: the database sound each time",
                is_met=not unsound,
                seen=unsound[0] if unsound else f"{len(kills.integrity)} times ok",
            ),
            Verdict(
                requirement="kill -9: every stored clip plays",
                is_met=not faulty,
                seen=f"{faulty[0].event_id}: {faulty[0].fault}"
                if faulty
                else f"{sum(p.ending in _STORED for p in promises)} events, all decode to the end",
            ),
        ),
    )
