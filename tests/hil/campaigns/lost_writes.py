"""The power goes between two flushes, on a disk that had not yet written all it was given.

One boot under load whose disk keeps a log of its writes; then, again and again, a disk as it may
be after a cut: all up to the last flush, and of what came since each write or not.
"""

import json
import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from bench.report import Conditions, conditions_table, table
from tests.hil.campaigns.disk import DATA, examine
from tests.hil.campaigns.pi import VirtualPi
from tests.hil.campaigns.power_cut import BOOT_WITHIN_S, INSIDE
from tests.hil.campaigns.write_log import WriteLog
from tests.hil.rig.cache import RigBroken, run, say
from tests.hil.rig.machine import Machine, booted

LOOK_EVERY_S = 0.05


@frozen
class Look:
    """So much was in the log when these events had been accepted, if not more."""

    log_bytes: int
    accepted: frozenset[str]


@frozen(kw_only=True)
class Replay:
    """A disk as it may have been, and what is wrong with it."""

    writes: int
    since_flush: int
    survived: int
    accepted: int
    missing: tuple[str, ...]
    faults: tuple[str, ...]


@frozen
class Findings:
    """The log, and what its replays showed."""

    writes: int
    flushes: int
    replays: Sequence[Replay] = field(factory=tuple)

    @property
    def is_kept(self) -> bool:
        """Whether every disk was sound and had all events."""
        return not any(replay.missing or replay.faults for replay in self.replays)


def run_and_replay(pi: VirtualPi, rng: random.Random, *, load_s: float, replays: int) -> Findings:
    """Record `load_s` of load, then try so many cuts. Raises `RigBroken`."""
    pi.unpack()
    base, file = pi.folder / "base.img", pi.folder / "writes.log"
    run("cp", "--sparse=always", pi.disk, base)
    file.touch()
    looks: list[Look] = []
    with booted(evolve(pi.guest(INSIDE, "--boot", 0), write_log=file)) as machine:
        looks.extend(_look(machine, pi, file, load_s))
        machine.cut_power()
    log = WriteLog.read(file)
    say(f"{len(log.writes)} writes recorded")
    counts = sorted(rng.sample(_countable(log, looks), replays))
    done = tuple(Recording(pi, log, looks, base).replays(counts, rng))
    return Findings(len(log.writes), sum(write.is_flush for write in log.writes), done)


def _look(machine: Machine, pi: VirtualPi, file: Path, load_s: float) -> Iterator[Look]:
    """Say again and again what has been accepted, and how long the log is right after."""
    deadline_s = time.monotonic() + BOOT_WITHIN_S
    while not pi.traces.under_load(0).exists():
        if machine.process.poll() is not None or time.monotonic() > deadline_s:
            raise machine.broken()
        time.sleep(LOOK_EVERY_S)
    ends_s = time.monotonic() + load_s
    while time.monotonic() < ends_s:
        accepted = frozenset(pi.traces.accepted_ids(1))
        yield Look(file.stat().st_size, accepted)
        time.sleep(LOOK_EVERY_S)


def _countable(log: WriteLog, looks: Sequence[Look]) -> list[int]:
    """Name the places of the log from the first look on."""
    first = looks[0].log_bytes
    found = [count for count, write in enumerate(log.writes, start=1) if write.ends_at >= first]
    if not found:
        raise RigBroken("the log ends before the load began")
    return found


@frozen
class Recording:
    """The log of one boot, and `base`, the disk from before it; replaying writes `base` on."""

    pi: VirtualPi
    log: WriteLog
    looks: Sequence[Look]
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
            say(f"replay {number} of {len(counts)}: {_fault_text(replay)}")
            yield replay

    def _replay(self, count: int, since_flush: int, rng: random.Random) -> Replay:
        trial = self.pi.folder / "trial.img"
        run("cp", "--sparse=always", self.base, trial)
        survivors = self.log.survivors(count, rng)
        with trial.open("rb+") as image:
            self.log.apply(image, survivors)
        faults = tuple(examine(trial, self.pi.folder / "found"))
        accepted = _accepted_by(self.looks, self.log.writes[count - 1].ends_at)
        return Replay(
            writes=count,
            since_flush=since_flush,
            survived=len(survivors),
            accepted=len(accepted),
            missing=tuple(sorted(accepted - kept_in(self.pi.found / DATA))),
            faults=faults,
        )


def _accepted_by(looks: Sequence[Look], log_bytes: int) -> frozenset[str]:
    known = [look.accepted for look in looks if look.log_bytes <= log_bytes]
    return known[-1] if known else frozenset()


def kept_in(data_dir: Path) -> frozenset[str]:
    """Name the events that the next start will bring to both places, or that are there.

    The journal publishes them again; else they are in `evenement` and in the outbox.
    """
    journal = {
        json.loads(payload)["event_id"]
        for file in sorted((data_dir / "journal").glob("*.db"))
        for (payload,) in _rows(file, "SELECT payload FROM record")
    }
    database, outbox = data_dir / "surveillance.db", data_dir / "outbox.db"
    events = {row[0] for row in _rows(database, "SELECT event_id FROM evenement")}
    known = {row[0] for row in _rows(outbox, "SELECT event_key FROM known_event")}
    forwarded = {event_id for event_id in events if any(event_id in key for key in known)}
    return frozenset(journal | forwarded)


def _rows(file: Path, query: str) -> list[tuple[Any]]:
    if not file.exists():
        return []
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def page(conditions: Conditions, findings: Findings) -> str:
    """Write the page."""
    verdict = "all sound, no event lost" if findings.is_kept else "SOMETHING WAS LOST"
    rows = [
        (
            str(number),
            str(replay.writes),
            f"{replay.survived} of {replay.since_flush}",
            str(replay.accepted),
            _fault_text(replay),
        )
        for number, replay in enumerate(findings.replays, start=1)
    ]
    header = ("cut", "writes before", "there of those since the flush", "accepted by then", "disk")
    parts = [
        f"# {len(findings.replays)} cuts between two flushes: {verdict}",
        f"Written by `{conditions.command}`.",
        conditions_table(
            conditions,
            ("writes recorded", str(findings.writes)),
            ("of these flushes", str(findings.flushes)),
        ),
        table(header, rows),
        _WHAT_IT_IS,
    ]
    return "\n\n".join(parts) + "\n"


def _fault_text(replay: Replay) -> str:
    faults = [*replay.faults, *(f"{event_id} is missing" for event_id in replay.missing)]
    return "; ".join(faults).replace("\n", " ") or "sound, all events there"


_WHAT_IT_IS = """## What was done

- A virtual Pi with 512 MB and the load of the power cuts, once, its disk being written through
  QEMU's `blklogwrites`, which keeps all writes and flushes in their order.
- For each cut a place in the log is drawn. The disk then holds all writes up to the last flush
  before that place, and of those since each one or not, by chance: a disk with a cache of its own
  keeps no order between two flushes.
- The journal of ext4 is replayed, `e2fsck -fn` and `PRAGMA integrity_check` of each database are
  run. Every event that a sensor service had told by then must be in its journal, or both in
  `evenement` and in the bridge's outbox.

Not shown: a disk that forgets what it has said to have flushed, and sectors written in half."""
