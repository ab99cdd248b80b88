"""An hour of a recorded home on 512 MB: what stays flat, and what it costs the disk."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from bench.report import Conditions, conditions_table, table
from tests.hil.campaigns import pages
from tests.hil.campaigns.accounts import Events, account_for_events
from tests.hil.campaigns.on_small_machine import THE_HOUR
from tests.hil.campaigns.pi import VirtualPi
from tests.hil.campaigns.score import Score, busiest_hour, expected_events

INSIDE = "tests.hil.campaigns.on_small_machine"
RSS_GROWS_BY = 0.05
"""At most, from the second quarter of the hour to the last: the first one fills caches."""

Line = dict[str, Any]


@frozen(kw_only=True)
class Quarter:
    """The edge in a quarter of the hour: medians, and the most of what may leak."""

    own_rss_mb: float
    rss_mb: float
    descriptors: int
    threads: int
    available_mb: float


@frozen(kw_only=True)
class Findings:
    """What was seen, and what was expected of the score."""

    score: Score
    speed: float
    costs: Sequence[Line]
    quarters: Sequence[Quarter]
    events: Events
    expected: int

    @property
    def is_flat(self) -> bool:
        """Whether nothing grows after the first quarter."""
        early, late = self.quarters[1], self.quarters[-1]
        return (
            late.own_rss_mb <= early.own_rss_mb * (1 + RSS_GROWS_BY)
            and late.rss_mb <= early.rss_mb * (1 + RSS_GROWS_BY)
            and late.descriptors <= early.descriptors
            and late.threads <= early.threads
        )

    @property
    def is_kept(self) -> bool:
        """Whether all that is promised held."""
        return self.is_flat and self.events.is_kept


def run(pi: VirtualPi, *, trace: Path, speed: float) -> Findings:
    """Run it once. Raises `RigBroken`, or `ConfigurationError` naming what the trace lacks."""
    pi.unpack()
    score = busiest_hour(trace, speed=speed)
    pi.traces.score.write_text(
        json.dumps(
            {
                "configuration": score.configuration,
                "sensors": len(score.sensors),
                "motion_pin": score.pin_of(motion=True),
                "contact_pin": score.pin_of(motion=False),
                "lasts_s": score.lasts_s,
                "steps": score.steps,
            }
        ),
        encoding="utf-8",
    )
    pi.run_to_its_end(pi.guest(INSIDE, timeout_s=1800 + score.lasts_s))
    costs = pi.traces.read(pi.traces.costs)
    return Findings(
        score=score,
        speed=speed,
        costs=costs,
        quarters=quarters_of(pi.traces.read(pi.traces.samples)),
        events=account_for_events(pi.traces, 1, pi.database),
        expected=expected_events(score),
    )


def quarters_of(samples: Sequence[Line]) -> tuple[Quarter, ...]:
    """Sum up the samples of the hour by quarters."""
    hour = [one for one in samples if one["stage"] == THE_HOUR]
    quarters = []
    for index in range(4):
        found = hour[len(hour) * index // 4 : len(hour) * (index + 1) // 4]
        quarters.append(
            Quarter(
                own_rss_mb=statistics.median(one["own_rss_mb"] for one in found),
                rss_mb=statistics.median(one["rss_mb"] for one in found),
                descriptors=max(one["descriptors"] for one in found),
                threads=max(one["threads"] for one in found),
                available_mb=min(one["available_mb"] for one in found),
            )
        )
    return tuple(quarters)


def page(conditions: Conditions, findings: Findings) -> str:
    """Write the page."""
    flat = "all stays flat" if findings.is_flat else "SOMETHING GROWS"
    kept = "nothing lost" if findings.events.is_kept else "SOMETHING WAS LOST"
    parts = [
        f"# An hour on a small machine: {flat}, {kept}",
        f"Written by `{conditions.command}`.",
        conditions_table(conditions, ("memory of the guest", "512 MB")),
        _quarters_table(findings.quarters),
        _costs_table(findings.costs),
        pages.events_table(findings.events),
        f"The hand's presses that no debounce refuses, of the hour alone: {findings.expected}.",
        _what_it_is(findings),
    ]
    return "\n\n".join(parts) + "\n"


def _quarters_table(quarters: Sequence[Quarter]) -> str:
    header = ("quarter", "Python, MB", "with ffmpeg, MB", "descriptors", "threads", "free, MB")
    rows = [
        (
            str(number),
            f"{quarter.own_rss_mb:.1f}",
            f"{quarter.rss_mb:.1f}",
            str(quarter.descriptors),
            str(quarter.threads),
            f"{quarter.available_mb:.0f}",
        )
        for number, quarter in enumerate(quarters, start=1)
    ]
    return (
        "## Memory, descriptors, threads\n\n"
        + table(header, rows)
        + "\n\nResident memory is the median of the quarter, descriptors and threads the most, "
        "free (`MemAvailable` of the machine) the least."
    )


def _costs_table(costs: Sequence[Line]) -> str:
    [idle] = [cost for cost in costs if cost["stage"] == "nothing"]
    idle_bytes_per_s = idle["written_bytes"] / idle["lasted_s"]
    rows = []
    for cost in costs:
        beyond = cost["written_bytes"] - idle_bytes_per_s * cost["lasted_s"]
        rows.append(
            (
                cost["stage"],
                f"{cost['lasted_s']:.0f}",
                str(cost["events"]),
                str(cost["clips"]),
                f"{cost['clip_bytes'] / 1e6:.2f}",
                f"{cost['written_bytes'] / 1e6:.2f}",
                _cost_of_one(cost, beyond),
            )
        )
    header = ("stage", "s", "events", "clips", "clips, MB", "written, MB", "beyond idling, each")
    return "## Written to the disk\n\n" + table(header, rows)


def _cost_of_one(cost: Line, beyond_bytes: float) -> str:
    """Say what one event cost, or one byte of a clip."""
    if cost["clips"]:
        return (
            f"{beyond_bytes / cost['clips'] / 1e3:.0f} kB a clip, "
            f"{beyond_bytes / cost['clip_bytes']:.2f} B per byte of clip"
        )
    if cost["events"]:
        return f"{beyond_bytes / cost['events'] / 1e3:.1f} kB an event"
    return "–"


def _what_it_is(findings: Findings) -> str:
    return f"""## What was done

- A virtual Pi with 512 MB: `python -m apps.edge run` whole, and Mosquitto, all their files on an
  ext4 disk image; Debian's kernel, `gpio-sim` and `vivid`.
- The hour with most motion of a recorded home, {len(findings.score.steps)} steps of
  {len(findings.score.sensors)} sensors, played on as many lines {findings.speed:g} times faster,
  the debounce shortened likewise. Before it: a minute of nothing, events that do not film, and
  clips one by one.
- Written is what the kernel has handed to the block device (`/sys/block/vda/stat`) from `sync` to
  `sync`: the databases, the spool of the clips, the broker's own file and the journal of ext4.
  Beyond idling: less what the minute of nothing costs in the same time.

Not shown: weeks, and what an SD card makes of what it is given."""
