"""An hour of a recorded home on 512 MB: what stays flat, and what it costs the disk."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from tests.hil.campaigns.accounts import Events, account_for_events, rows_of
from tests.hil.campaigns.hand import DATED_WITHIN_S, Accepted, Move, Verdicts, judge_moves
from tests.hil.campaigns.on_small_machine import THE_HOUR
from tests.hil.campaigns.pi import VirtualPi
from tests.hil.campaigns.score import Score, busiest_hour

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
    """What was seen; `presses` are all, `hour_presses` those of the hour alone."""

    score: Score
    trace_name: str
    speed: float
    costs: Sequence[Line]
    quarters: Sequence[Quarter]
    events: Events
    presses: Verdicts
    hour_presses: Verdicts

    @property
    def is_flat(self) -> bool:
        """Whether nothing grows after the first quarter."""
        return is_flat(self.quarters)

    @property
    def is_kept(self) -> bool:
        """Whether all that is promised held."""
        return self.is_flat and self.events.is_kept and self.presses.is_kept


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
    moves = [Move(**line) for line in pi.traces.read(pi.traces.moves)]
    accepted = accepted_in(pi.database)
    return Findings(
        score=score,
        trace_name=trace.name,
        speed=speed,
        costs=pi.traces.read(pi.traces.costs),
        quarters=quarters_of(pi.traces.read(pi.traces.samples)),
        events=account_for_events(pi.traces, 1, pi.database),
        presses=judge_moves(moves, accepted, score.intervals_s),
        hour_presses=judge_moves(*of_the_hour(moves, accepted), score.intervals_s),
    )


def accepted_in(database: Path) -> Sequence[Accepted]:
    """Read which lines the stored events came from, and when."""
    rows = rows_of(database, "SELECT event_id, timestamp, metadata FROM evenement")
    return [
        Accepted(
            event_id=row["event_id"],
            pin=json.loads(row["metadata"])["data"]["gpio_pin"],
            at_s=row["timestamp"],
        )
        for row in rows
    ]


def of_the_hour(
    moves: Sequence[Move], accepted: Sequence[Accepted]
) -> tuple[Sequence[Move], Sequence[Accepted]]:
    """Leave out what was before the hour. Nothing is pressed after it."""
    played = [move for move in moves if move.stage == THE_HOUR]
    begins_s = min((move.before_s for move in played), default=0.0) - DATED_WITHIN_S
    return played, [event for event in accepted if event.at_s >= begins_s]


def is_flat(quarters: Sequence[Quarter]) -> bool:
    """Whether memory stays what it was in the second quarter, and nothing is held that never was.

    Descriptors and threads are the most of a quarter: a clip that is being stored has some.
    """
    *earlier, late = quarters
    second = quarters[1]
    return (
        late.own_rss_mb <= second.own_rss_mb * (1 + RSS_GROWS_BY)
        and late.rss_mb <= second.rss_mb * (1 + RSS_GROWS_BY)
        and late.descriptors <= max(one.descriptors for one in earlier)
        and late.threads <= max(one.threads for one in earlier)
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
