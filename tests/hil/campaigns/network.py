"""The cable to broker and cloud is pulled for minutes, and loses and delays what it carries."""

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from bench.report import Conditions, conditions_table, table
from tests.hil.campaigns import pages
from tests.hil.campaigns.accounts import Events, account_for_events
from tests.hil.campaigns.pi import VirtualPi

INSIDE = "tests.hil.campaigns.under_bad_network"


@frozen(kw_only=True)
class Findings:
    """What the network was like, what the hand pressed meanwhile, and what became of it."""

    weathers: Sequence[dict[str, Any]]
    events: Events
    most_kept_back: int

    @property
    def presses(self) -> int:
        """All that the hand pressed."""
        return sum(weather["presses"] for weather in self.weathers)

    @property
    def is_kept(self) -> bool:
        """Whether promise 1 holds, and every press was an event."""
        return self.events.is_kept and self.events.accepted == self.presses


def run(pi: VirtualPi, *, out_s: float) -> Findings:
    """Run it once, the cable being out for `out_s`. Raises `RigBroken`."""
    pi.unpack()
    guest = pi.guest(
        INSIDE,
        "--out-s",
        out_s,
        more_modules=("veth", "sch_netem"),
        timeout_s=900 + 4 * out_s,
    )
    pi.run_to_its_end(guest)
    return Findings(
        weathers=pi.traces.read(pi.traces.weather),
        events=account_for_events(pi.traces, 1, pi.database),
        most_kept_back=len(pi.traces.notices(0, "event_kept")),
    )


def page(conditions: Conditions, findings: Findings) -> str:
    """Write the page."""
    verdict = (
        "nothing lost, order kept" if findings.is_kept else "SOMETHING WAS LOST OR OUT OF ORDER"
    )
    rows = [
        (weather["name"], weather["began"][11:19], weather["ended"][11:19], str(weather["presses"]))
        for weather in findings.weathers
    ]
    counts = table(
        ("hand and sensors", "count"),
        [
            ("presses", str(findings.presses)),
            ("events kept until the broker could be reached", str(findings.most_kept_back)),
        ],
    )
    parts = [
        f"# A bad network: {verdict}",
        f"Written by `{conditions.command}`.",
        conditions_table(conditions),
        "## The network\n\n" + table(("network", "from", "to (UTC)", "presses"), rows),
        counts,
        pages.events_table(findings.events),
        _WHAT_IT_IS,
    ]
    return "\n\n".join(parts) + "\n"


_WHAT_IT_IS = """## What was done

- A virtual Pi with 512 MB: `python -m apps.edge run` whole in a network namespace, Mosquitto and
  the cloud in another, joined by a `veth` cable whose far end is set down, or loses and delays by
  netem (`tc`) in both directions.
- A hand presses button and mat in turn, one press each half second, all the while.
- The camera is on demand, and neither sensor asks for it: it stays closed.
- In the end all that waits goes out; then the rows of `evenement` and what the cloud has stored are
  compared with what the sensor service had told. Every press must be an event.

Not shown: a radio, a router that forgets its connections, another address after the outage."""
