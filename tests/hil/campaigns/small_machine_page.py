"""The page of the small machine."""

from collections.abc import Callable, Sequence

from bench.report import Conditions, conditions_table, table
from tests.hil.campaigns import pages
from tests.hil.campaigns.counting import count_text
from tests.hil.campaigns.hand import Verdicts
from tests.hil.campaigns.on_small_machine import THE_HOUR
from tests.hil.campaigns.pi import MEMORY_MIB
from tests.hil.campaigns.score import MIN_INTERVAL_S
from tests.hil.campaigns.small_machine import Findings, Line, Quarter


def page(conditions: Conditions, findings: Findings) -> str:
    """Write the page."""
    is_complete = findings.events.is_kept and findings.presses.is_kept
    flat = "all stays flat" if findings.is_flat else "SOMETHING GROWS"
    kept = "every press accounted for" if is_complete else "SOMETHING WAS LOST"
    minutes = f"{findings.score.lasts_s / 60:g} minutes"
    parts = [
        f"# An hour in {minutes} on a small machine: {flat}, {kept}",
        f"Written by `{conditions.command}`.",
        conditions_table(
            conditions,
            ("memory of the guest", f"{MEMORY_MIB} MB"),
            ("trace", f"{findings.trace_name}, its hour with most motion"),
            ("speed", f"{findings.speed:g} times: one hour compressed into {minutes}"),
        ),
        _quarters_table(findings.quarters),
        _costs_table(findings.costs),
        _presses_table(findings),
        pages.events_table(findings.events),
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


def _presses_table(findings: Findings) -> str:
    rows = [
        (name, count_text(of(findings.hour_presses)), count_text(of(findings.presses)))
        for name, of in _PRESS_ROWS
    ]
    verdict = (
        "Each press that the debounce lets through came, and no other did."
        if findings.presses.is_kept
        else "THE EVENTS ARE NOT THOSE OF THE PRESSES."
    )
    table_text = table(("presses", "of the hour", "of all stages"), rows)
    return f"## Presses\n\n{table_text}\n\n{verdict}"


_PRESS_ROWS: Sequence[tuple[str, Callable[[Verdicts], int | Sequence[str]]]] = (
    ("by the hand", lambda found: found.presses),
    ("that the debounce lets through, and that came", lambda found: found.came),
    ("that the debounce lets through, and that did not come", lambda found: found.missing),
    ("that the debounce refuses, and that did not come", lambda found: found.refused),
    ("that the debounce refuses, and that came", lambda found: found.too_soon),
    ("at its very edge, so that both are right", lambda found: found.either),
    ("of these came", lambda found: found.either_came),
    ("none, but an event", lambda found: found.of_no_press),
)


def _costs_table(costs: Sequence[Line]) -> str:
    [idle] = [cost for cost in costs if cost["stage"] == "nothing"]
    idle_bytes_per_s = idle["written_bytes"] / idle["lasted_s"]
    rows = []
    for cost in costs:
        beyond_bytes = cost["written_bytes"] - idle_bytes_per_s * cost["lasted_s"]
        rows.append(
            (
                cost["stage"],
                f"{cost['lasted_s']:.0f}",
                str(cost["events"]),
                str(cost["clips"]),
                f"{cost['clip_bytes'] / 1e6:.2f}",
                f"{cost['written_bytes'] / 1e6:.2f}",
                cost_of_one(cost, beyond_bytes),
            )
        )
    header = ("stage", "s", "events", "clips", "clips, MB", "written, MB", "beyond idling, each")
    return "## Written to the disk\n\n" + table(header, rows)


def cost_of_one(cost: Line, beyond_bytes: float) -> str:
    """Say what one event cost; or one clip and a byte of it, where each event has its clip."""
    if cost["clips"] and cost["stage"] != THE_HOUR:
        return (
            f"{beyond_bytes / cost['clips'] / 1e3:.0f} kB a clip and its event, "
            f"{beyond_bytes / cost['clip_bytes']:.2f} B per byte of clip"
        )
    if cost["events"]:
        included = ", the clips included" if cost["clips"] else ""
        return f"{beyond_bytes / cost['events'] / 1e3:.1f} kB an event{included}"
    return "–"


def _what_it_is(findings: Findings) -> str:
    return f"""## What was done

- A virtual Pi with 512 MB: `python -m apps.edge run` whole, and Mosquitto, all their files on an
  ext4 disk image; Debian's kernel, `gpio-sim` and `vivid`.
- The hour with most motion of a recorded home, {len(findings.score.steps)} steps of
  {len(findings.score.sensors)} sensors, played on as many lines {findings.speed:g} times faster.
  The debounce of {MIN_INTERVAL_S:g} s is as much shorter: the trace is in whole seconds, so few
  presses come at its very end. Before the hour: a minute of nothing, events that do not film, and
  clips one by one.
- Written is what the kernel has handed to the block device (`/sys/block/vda/stat`) from `sync` to
  `sync`: the databases, the spool of the clips, the broker's own file and the journal of ext4.
  Beyond idling: less what the minute of nothing costs in the same time. What an event and a clip
  cost is in the stages that have one kind. They come one by one there, in the hour more at once.
- The guest notes the time before and after it puts a level on a line. The product's own debounce,
  told these times, says which presses must be events and which must not; both are possible where
  its interval ends between the two looks at the clock.

Not shown: weeks, and what an SD card makes of what it is given."""
