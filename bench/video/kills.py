"""kill -9 of our program at random instants of filming, storing and waiting.

Ten lives share a data folder: what one left is resumed by the next, which stores it elsewhere: in
the database and in files by turns. Three kills of ten are aimed at the moment in which a clip ends
and is stored, which the others would hardly ever meet.
"""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from itertools import cycle
from pathlib import Path

from attrs import define, field

from bench.video import records
from bench.video.edge import Edge, Fired, running_edge
from bench.video.findings import Finding, Kills, Promise, judge_kills
from bench.video.place import Place
from bench.video.playback import play
from bench.video.records import StoredClip
from surveil_adapters.spool.index import read_index
from surveil_core.ports.media_store import VideoPlace

CLIP_S = 4.0
KILLS_A_FOLDER = 10
_AIMED_SHARE = 0.3
_AIMED_S = (-0.05, 0.4)
"""Around the end of a clip."""
_LIFE_S = (0.05, 6.0)
_UNDER_WAY_S = CLIP_S + 2.0
"""So long after its trigger a clip may still be about to be stored."""
_WORDS = {VideoPlace.DATABASE: "videos in the database", VideoPlace.FILES: "videos in files"}


@define
class _Tally:
    states: list[str] = field(factory=list)
    integrity: list[str] = field(factory=list)
    promises: list[Promise] = field(factory=list)
    left_over: int = 0


def run(place: Place) -> Finding:
    """Kill as often as the place says, and judge what is left."""
    rng = random.Random(place.seed)
    tally = _Tally()
    left = 3 if place.is_quick else place.kills
    while left:
        kills = min(left, KILLS_A_FOLDER)
        _one_folder(place, kills, rng, tally)
        left -= kills
        print(f"kills: {left} to go, {len(tally.promises)} clips promised", flush=True)
    return judge_kills(
        Kills(
            seed=place.seed,
            states=tally.states,
            integrity=tally.integrity,
            promises=tally.promises,
            left_over=tally.left_over,
        )
    )


def _one_folder(place: Place, kills: int, rng: random.Random, tally: _Tally) -> None:
    killed_at_utc = []
    places = cycle(VideoPlace)
    where = next(places)
    with running_edge(place, duration_s=CLIP_S, pre_roll_s=2.0, videos=where) as edge:
        for _ in range(kills):
            place.pause(rng.uniform(0, 1))
            _live(edge, place, rng)
            killed_at_utc.append(edge.kill())
            tally.states.append(f"{state_of(edge.spool_files())}, {_WORDS[where]}")
            tally.integrity.append(records.integrity(edge.database))
            where = next(places)
            edge.store_into(where)
            edge.start()
        edge.wait_until_settled()
        tally.promises += _promises(edge, killed_at_utc)
        tally.left_over += len(edge.spool_files()) + len(records.stray_videos(edge.database))


def _live(edge: Edge, place: Place, rng: random.Random) -> None:
    """Fire once, perhaps again, until it is time to be killed."""
    is_aimed = rng.random() < _AIMED_SHARE
    life_s = CLIP_S + rng.uniform(*_AIMED_S) if is_aimed else rng.uniform(*_LIFE_S)
    began_s = edge.fire().at_s
    for at_s in () if is_aimed else _later_triggers(rng, life_s):
        place.pause(began_s + at_s - time.monotonic())
        edge.fire()
    place.pause(began_s + life_s - time.monotonic())


def _later_triggers(rng: random.Random, life_s: float) -> Iterator[float]:
    at_s = rng.uniform(0.2, 5.0)
    while at_s < life_s:
        yield at_s
        at_s += rng.uniform(0.2, 5.0)


def state_of(spool_files: Sequence[Path]) -> str:
    """Say what a kill interrupted, by what it left in the spool."""
    indices = [
        read_index(BytesIO(path.read_bytes())) for path in spool_files if path.suffix == ".index"
    ]
    if any(index is not None and index.complete for index in indices):
        return "while storing"
    return "while filming" if spool_files else "between clips"


def _promises(edge: Edge, killed_at_utc: Sequence[datetime]) -> list[Promise]:
    clips = records.stored_clips(edge.database)
    faults = {clip.media_id: _fault(edge, clip) for clip in clips}
    clip_by_event = {event_id: clip for clip in clips for event_id in clip.event_ids}
    reasons = records.abandoned(edge.database)
    return [
        promise_of(fired, killed_at_utc, clip_by_event.get(fired.event_id), reasons, faults)
        for fired in edge.fired
    ]


def promise_of(
    fired: Fired,
    killed_at_utc: Sequence[datetime],
    clip: StoredClip | None,
    reasons: Mapping[str, str],
    faults: Mapping[int, str],
) -> Promise:
    """Say what became of the clip of one event."""
    if clip is None:
        ending, fault = ("given up" if fired.event_id in reasons else "lost"), ""
    else:
        ending, fault = ("salvaged" if clip.salvaged else "whole"), faults[clip.media_id]
    return Promise(
        event_id=fired.event_id,
        ending=ending,
        lost_s=lost_s(fired.at_utc, killed_at_utc, clip),
        missing_s=clip.missing_s if clip else 0.0,
        fault=fault,
    )


def lost_s(
    fired_at_utc: datetime, killed_at_utc: Sequence[datetime], clip: StoredClip | None
) -> float | None:
    """How much of what was to be filmed from a trigger to the next kill is in no clip.

    None when no kill came while the clip was under way. What was to be filmed after the kill,
    when nothing ran, is not counted. Nobody knows where in a clip its gaps are: all of them are
    taken to lie between the trigger and the kill, so this is the most that may be lost.
    """
    until_s = min(
        ((at - fired_at_utc).total_seconds() for at in killed_at_utc if at > fired_at_utc),
        default=_UNDER_WAY_S,
    )
    if until_s >= _UNDER_WAY_S:
        return None
    due_until_utc = fired_at_utc + timedelta(seconds=min(until_s, CLIP_S))
    due_s = (due_until_utc - fired_at_utc).total_seconds()
    if clip is None:
        return due_s
    begins = max(clip.started_at_utc, fired_at_utc)
    ends = min(clip.ended_at_utc, due_until_utc)
    filmed_s = max(0.0, (ends - begins).total_seconds()) - clip.missing_s
    return due_s - max(0.0, filmed_s)


def _fault(edge: Edge, clip: StoredClip) -> str:
    """Say why a video does not play; empty if it does."""
    path = records.export(edge.database, clip.media_id, edge.folder / "looked-at.mp4")
    playback = play(path)
    if playback.fault or not playback.plays:
        return playback.fault or "no picture"
    if abs(playback.duration_s - clip.duration_s) > 0.2:
        return f"the file has {playback.duration_s:.2f} s, {clip.duration_s:.2f} s are stored"
    return ""
