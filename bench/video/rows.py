"""What is done with our program alone: a row each."""

import json
import random
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import evolve, frozen

from bench.delivery import procfs
from bench.processes import ROOT, python
from bench.video import kills, peers, records
from bench.video.edge import Edge, running_edge, running_whole_edge
from bench.video.findings import (
    CpuUse,
    Finding,
    LongClip,
    Writing,
    judge_cpu,
    judge_memory,
    judge_pre_roll,
    judge_writes,
)
from bench.video.peak import peak_of
from bench.video.place import Place
from bench.video.playback import play
from surveil_core.ports.media_store import VideoPlace

PRE_ROLL_S = 3.0
CLIP_S = 10.0
_TRIGGER_DELAY_S = 2.0
"""What the ring keeps beyond the pre-roll; with a group of pictures, of one second, it is full."""
_RING_S = PRE_ROLL_S + _TRIGGER_DELAY_S + 1.0
_STORING_WITHIN_S = 120
_WORDS = {VideoPlace.DATABASE: "the database", VideoPlace.FILES: "a file"}


@frozen(kw_only=True)
class Row:
    """A row. Those that take no processor time run side by side, after the others."""

    name: str
    title: str
    run: Callable[[Place], Finding]
    takes_cpu: bool = True


# --- what is done -----------------------------------------------------------------


def _pre_roll(place: Place) -> Finding:
    """Fire at instants that fall in step with no keyframe."""
    triggers = 5 if place.is_quick else 50
    rng = random.Random(place.seed)
    with running_edge(place, duration_s=1.0, pre_roll_s=PRE_ROLL_S) as edge:
        place.pause(_RING_S)
        for _ in range(triggers):
            edge.fire()
            place.pause(rng.uniform(1.3, 3.0))
        edge.wait_until_settled()
        begun_at_utc = {
            event_id: clip.started_at_utc
            for clip in records.stored_clips(edge.database)
            for event_id in clip.event_ids
        }
        pre_rolls_s = [
            (fired.at_utc - begun_at_utc[fired.event_id]).total_seconds()
            for fired in edge.fired
            if fired.event_id in begun_at_utc
        ]
    return judge_pre_roll(pre_rolls_s, triggers, PRE_ROLL_S)


def _cpu(place: Place) -> Finding:
    with running_edge(place, duration_s=CLIP_S) as edge:
        return judge_cpu(*_idle_and_filming(edge, place))


def _whole(place: Place) -> Finding:
    """Measure everything that a Pi runs in one process."""
    with running_whole_edge(place, duration_s=CLIP_S) as edge:
        uses = _idle_and_filming(edge, place)
        peak_mb = procfs.own_peak_rss_mb(edge.pid)
    finding = judge_cpu(*uses, of="the whole program")
    return evolve(finding, seen=f"{finding.seen}; peak memory {peak_mb:.0f} MB")


def _idle_and_filming(edge: Edge, place: Place) -> tuple[CpuUse, CpuUse]:
    place.pause(_RING_S)
    idle = _use_over(edge, lambda: place.pause(5.0 if place.is_quick else 60.0))
    return idle, _use_over(edge, lambda: _film_in_turn(edge, place, clips=6))


def _film_in_turn(edge: Edge, place: Place, *, clips: int) -> None:
    """Film clip after clip, until all are stored."""
    for _ in range(1 if place.is_quick else clips):
        edge.fire()
        place.pause(CLIP_S + 0.3)
    edge.wait_until_settled()


def _use_over(edge: Edge, action: Callable[[], None]) -> CpuUse:
    def taken() -> tuple[float, float, float]:
        return time.monotonic(), procfs.own_cpu_s(edge.pid), procfs.cpu_s(edge.pid)

    before = taken()
    action()
    wall_s, program_s, tree_s = (now - then for now, then in zip(taken(), before, strict=True))
    recorded_s = sum(clip.duration_s for clip in records.stored_clips(edge.database))
    return CpuUse(
        wall_s=wall_s, program_s=program_s, encoder_s=tree_s - program_s, recorded_s=recorded_s
    )


def _writes(place: Place) -> Finding:
    wholes, videos, idle_bytes_per_s = [], [], 0.0
    for where in VideoPlace:
        with running_edge(place, duration_s=CLIP_S, videos=where) as edge:
            place.pause(_RING_S)
            if where is VideoPlace.DATABASE:
                idle_bytes_per_s = _idle_bytes_per_s(edge, place)
            wholes.append(_write_clips(edge, place, where))
            clip = records.stored_clips(edge.database)[-1]
            videos.append(records.export(edge.database, clip.media_id, edge.folder / "clip.mp4"))
    steps = [
        _store_alone(place, video, where)
        for where in VideoPlace
        for video in (videos[0], place.footage.mp4)
    ]
    return judge_writes(wholes, steps, idle_bytes_per_s)


def _idle_bytes_per_s(edge: Edge, place: Place) -> float:
    idle_s = 5.0 if place.is_quick else 30.0
    before = procfs.own_written(edge.pid)
    place.pause(idle_s)
    return procfs.own_written(edge.pid).since(before).net_bytes / idle_s


def _write_clips(edge: Edge, place: Place, where: VideoPlace) -> Writing:
    before = procfs.own_written(edge.pid)
    _film_in_turn(edge, place, clips=3)
    written = procfs.own_written(edge.pid).since(before)
    return Writing(
        name=f"all the program writes, videos in {_WORDS[where]} (spool, index, MP4, rows, video)",
        stored_bytes=sum(clip.clip_bytes for clip in records.stored_clips(edge.database)),
        dirtied_bytes=written.dirtied_bytes,
        net_bytes=written.net_bytes,
    )


def _store_alone(place: Place, video: Path, where: VideoPlace) -> Writing:
    """Store a file by the program's own adapters in a process that does nothing else."""
    folder = place.folder / f"stored-{video.stem}-{where}"
    folder.mkdir()
    command = python(
        "bench.video.storing", str(folder / "surveillance.db"), str(video), where.value
    )
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=_STORING_WITHIN_S, check=False
    )
    if done.returncode != 0:
        raise OSError(f"storing {video} alone failed: {done.stderr.strip()[-500:]}")
    megabytes = video.stat().st_size / 1e6
    return Writing(
        name=f"storing {megabytes:.1f} MB into {_WORDS[where]}", **json.loads(done.stdout)
    )


def _memory(place: Place) -> Finding:
    lengths_s = (CLIP_S,) if place.is_quick else (CLIP_S, 60.0, 600.0)
    return judge_memory([_long_clip(place, duration_s) for duration_s in lengths_s])


def _long_clip(place: Place, duration_s: float) -> LongClip:
    with running_edge(place, duration_s=duration_s, pre_roll_s=PRE_ROLL_S) as edge:
        place.pause(_RING_S + 2.0)
        before_mb = procfs.own_peak_rss_mb(edge.pid)
        written = procfs.own_written(edge.pid)
        with peak_of(edge.pid) as peak:
            edge.fire()
            place.pause(duration_s)
            [clip] = edge.wait_for_clips(1)
            edge.wait_until_settled()
        peak_mb = procfs.own_peak_rss_mb(edge.pid)
        written = procfs.own_written(edge.pid).since(written)
        video = records.export(edge.database, clip.media_id, edge.folder / "clip.mp4")
    return LongClip(
        duration_s=duration_s,
        before_mb=before_mb,
        peak_mb=peak_mb,
        together_peak_mb=peak.together_mb,
        ring_mb=clip.clip_bytes / clip.duration_s * _RING_S / 1e6,
        stored_s=clip.duration_s,
        stored_bytes=clip.clip_bytes,
        written_net_bytes=written.net_bytes,
        playback=play(video),
    )


# --- the rows -----------------------------------------------------------------------

_ROWS = (
    Row(
        name="pre-roll",
        title="clips that begin before their trigger",
        run=_pre_roll,
        takes_cpu=False,
    ),
    Row(name="cpu", title="CPU of the recorder, 720p15, of one core", run=_cpu),
    Row(
        name="whole",
        title="the same of sensors, bridge, recorder and page in one process",
        run=_whole,
    ),
    Row(
        name="writes",
        title="bytes written to the disk per byte stored",
        run=_writes,
        takes_cpu=False,
    ),
    Row(name="memory", title="peak memory by length of the clip", run=_memory, takes_cpu=False),
    Row(name="kills", title="kill -9 at random instants", run=kills.run, takes_cpu=False),
    Row(name="motion", title="the same job by `motion`", run=peers.compare),
)
ROWS: Mapping[str, Row] = {row.name: row for row in _ROWS}
