"""The power goes between two flushes, on a disk that had not yet written all it was given.

One boot under load whose disk keeps a log of its writes; then, again and again, a disk as it may
be after a cut: all up to the last flush, and of what came since each write or not. On each the
product starts once more.
"""

import json
import random
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from tests.hil.campaigns.accounts import rows_of
from tests.hil.campaigns.clip_accounts import videos_in
from tests.hil.campaigns.disk import DATA, DATABASES, examine
from tests.hil.campaigns.endings import (
    TOLD,
    Ending,
    Video,
    clips_under_way,
    ending_of,
    gone,
    not_begun,
)
from tests.hil.campaigns.guest_clock import GuestClock
from tests.hil.campaigns.next_start import flushed_s, start_on
from tests.hil.campaigns.pi import VirtualPi
from tests.hil.campaigns.power_cut import INSIDE, await_file
from tests.hil.campaigns.traces import ACCEPTED
from tests.hil.campaigns.write_log import WriteLog
from tests.hil.rig.cache import RigBroken, run, say
from tests.hil.rig.machine import booted

LOOK_EVERY_S = 0.05
ROUNDED_S = 0.001
DATABASE = "surveillance.db"


@frozen(kw_only=True)
class Look:
    """`told_bytes` of the edge's log were there before `log_bytes` of the disk's were seen."""

    told_bytes: int
    log_bytes: int
    seen_at_utc: datetime
    """By our own clock, right after."""


@frozen(kw_only=True)
class Replay:
    """A disk as it may have been, and what is wrong with it."""

    writes: int
    since_flush: int
    survived: int
    accepted: int
    stored: int
    """Videos after the next start, every one of which was played."""
    endings: tuple[Ending, ...] = ()
    missing: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def all_faults(self) -> Sequence[str]:
        """Say in words all that breaks a promise."""
        return [
            *self.faults,
            *(f"{event_id} is missing" for event_id in self.missing),
            *(
                f"more than the last second of the clip of {one.event_id} is missing"
                for one in self.endings
                if not one.is_kept
            ),
        ]


@frozen
class Findings:
    """The log, and what its replays showed."""

    writes: int
    flushes: int
    replays: Sequence[Replay] = field(factory=tuple)

    @property
    def endings(self) -> Sequence[Ending]:
        """The clips that were under way at the cuts."""
        return [ending for replay in self.replays for ending in replay.endings]

    @property
    def is_telling(self) -> bool:
        """Whether there was anything to lose: events, and a clip that was cut."""
        has_events = any(replay.accepted for replay in self.replays)
        return has_events and any(not one.is_complete for one in self.endings)

    @property
    def is_kept(self) -> bool:
        """Whether every disk was sound, and had all events and what it must have of the clips."""
        return self.is_telling and not any(replay.all_faults for replay in self.replays)


def run_and_replay(pi: VirtualPi, rng: random.Random, *, load_s: float, replays: int) -> Findings:
    """Record `load_s` of load, then try so many cuts. Raises `RigBroken`."""
    pi.unpack()
    base, file = pi.folder / "base.img", pi.folder / "writes.log"
    run("cp", "--sparse=always", pi.disk, base)
    file.touch()
    clock = GuestClock(pi.traces.heartbeat)
    with booted(evolve(pi.guest(INSIDE, "--boot", 0), write_log=file)) as machine:
        await_file(machine, pi.traces.under_load(0), clock)
        looks = list(_looks(pi, file, clock, load_s))
        machine.cut_power()
    log = WriteLog.read(file)
    say(f"{len(log.writes)} writes recorded")
    counts = sorted(rng.sample(_countable(log, looks), replays))
    done = tuple(Recording(pi, log, looks, clock, base).replays(counts, rng))
    return Findings(len(log.writes), sum(write.is_flush for write in log.writes), done)


def _looks(pi: VirtualPi, file: Path, clock: GuestClock, load_s: float) -> Iterator[Look]:
    """Say again and again how long both logs are."""
    ends_s = time.monotonic() + load_s
    while time.monotonic() < ends_s:
        told_bytes, log_bytes = pi.traces.log(0).stat().st_size, file.stat().st_size
        yield Look(told_bytes=told_bytes, log_bytes=log_bytes, seen_at_utc=datetime.now(UTC))
        clock.look()
        time.sleep(LOOK_EVERY_S)


def _countable(log: WriteLog, looks: Sequence[Look]) -> list[int]:
    """Name the places of the log from the first look on, and before the last one."""
    first, last = looks[0].log_bytes, looks[-1].log_bytes
    ends = enumerate((write.ends_at for write in log.writes), start=1)
    found = [count for count, ends_at in ends if first <= ends_at < last]
    if not found:
        raise RigBroken("the log ends before the load began")
    return found


@frozen
class Recording:
    """The log of one boot, and `base`, the disk from before it; replaying writes `base` on."""

    pi: VirtualPi
    log: WriteLog
    looks: Sequence[Look]
    clock: GuestClock
    base: Path

    def replays(self, counts: Sequence[int], rng: random.Random) -> Iterator[Replay]:
        """Cut the power after each of the ascending `counts` of writes."""
        applied = 0
        for number, count in enumerate(counts, start=1):
            flushed = self.log.last_flush(count)
            with self.base.open("rb+") as image:
                self.log.apply(image, self.log.writes[applied:flushed])
            applied = max(applied, flushed)
            replay = self._replay(count, count - flushed, rng)
            text = "; ".join(replay.all_faults) or "all there"
            say(f"replay {number} of {len(counts)}: {text}")
            yield replay

    def _replay(self, count: int, since_flush: int, rng: random.Random) -> Replay:
        found, trial = self.pi.folder / "found", self.pi.folder / "trial.img"
        faults = [f"with what was flushed alone: {one}" for one in examine(self.base, found)]
        flushed = _lengths_s(found)
        run("cp", "--sparse=always", self.base, trial)
        survivors = self.log.survivors(count, rng)
        with trial.open("rb+") as image:
            self.log.apply(image, survivors)
        faults += examine(trial, found)
        kept = kept_in(found / DATABASES)
        data_dir = found / "files" / DATA
        faults += start_on(data_dir)
        videos = videos_in(data_dir / DATABASE)
        told_bytes, at_utc = around(self.looks, self.log.writes[count - 1].ends_at)
        cut_at_utc = self.clock.at(at_utc)
        told = self.pi.traces.notices(0, *TOLD, log_bytes=told_bytes)
        accepted = self.pi.traces.notices(0, *ACCEPTED, log_bytes=told_bytes)
        faults += [*shortened(flushed, videos), *unkept(told, cut_at_utc, videos)]
        return Replay(
            writes=count,
            since_flush=since_flush,
            survived=len(survivors),
            accepted=len(accepted),
            stored=len(rows_of(data_dir / DATABASE, "SELECT id_media FROM media")),
            endings=tuple(ending_of(clip, cut_at_utc, videos) for clip in clips_under_way(told)),
            missing=tuple(sorted({notice["event_id"] for notice in accepted} - kept)),
            faults=tuple(faults),
        )


def around(looks: Sequence[Look], log_bytes: int) -> tuple[int, datetime]:
    """Say what the edge had told for sure when the disk's log was so long, and when it was longer.

    The disk stayed as it was until then, so the power may have gone as late.
    """
    before = [look for look in looks if look.log_bytes <= log_bytes]
    after = next(look for look in looks if look.log_bytes > log_bytes)
    return before[-1].told_bytes, after.seen_at_utc


def shortened(flushed: Mapping[str, float], videos: Sequence[Video]) -> Iterator[str]:
    """Name each clip of which less is there than `flushed`, its seconds by its event."""
    there_s: dict[str, float] = {}
    for video in videos:
        there_s[video.event_id] = max(video.duration_s, there_s.get(video.event_id, 0.0))
    for event_id, length_s in flushed.items():
        if there_s.get(event_id, 0.0) < length_s - ROUNDED_S:
            there = f"{there_s.get(event_id, 0.0):.2f} s are there"
            yield f"of the clip of {event_id} {length_s:.2f} s were flushed, {there}"


def unkept(
    told: Sequence[Mapping[str, Any]], cut_at_utc: datetime, videos: Sequence[Video]
) -> Iterator[str]:
    """Name the videos that were told to be stored and are gone, and what nobody filmed."""
    stored = [notice["event_id"] for notice in told if notice["event"] == "clip_stored"]
    yield from (
        f"the video of {event_id} was stored and is gone" for event_id in gone(stored, videos)
    )
    yield from (f"nobody filmed {event_id}" for event_id in not_begun(told, cut_at_utc))


def _lengths_s(found: Path) -> Mapping[str, float]:
    """Say how much of each clip a disk has, in the database or in the spool."""
    stored = {one.event_id: one.duration_s for one in videos_in(found / DATABASES / DATABASE)}
    return {**flushed_s(found / "files" / DATA), **stored}


def kept_in(data_dir: Path) -> frozenset[str]:
    """Name the events that the next start will bring to both places, or that are there.

    The journal publishes them again; else they are in `evenement` and in the outbox.
    """
    journal = {
        json.loads(payload)["event_id"]
        for file in sorted((data_dir / "journal").glob("*.db"))
        for (payload,) in _rows(file, "SELECT payload FROM record")
    }
    events = {row[0] for row in _rows(data_dir / DATABASE, "SELECT event_id FROM evenement")}
    known = {
        row[0].rpartition("/")[2]
        for row in _rows(data_dir / "outbox.db", "SELECT event_key FROM known_event")
    }
    return frozenset(journal | (events & known))


def _rows(file: Path, query: str) -> list[sqlite3.Row]:
    return rows_of(file, query) if file.exists() else []
