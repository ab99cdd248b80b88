"""The cable to broker and cloud is pulled for minutes, and loses and delays what it carries."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import frozen

from bench.report import Conditions, conditions_table, table
from tests.hil.campaigns import pages
from tests.hil.campaigns.accounts import Events, account_for_events
from tests.hil.campaigns.pi import FINISH_WITHIN_S, VirtualPi

ON_ITS_WAY = timedelta(seconds=2)
"""What the cloud had received when an outage began it has stored by then."""

NO_TIME = timedelta()
INSIDE = "tests.hil.campaigns.under_bad_network"


Weather = dict[str, Any]


@frozen(kw_only=True)
class Findings:
    """What the network was like, what the hand pressed meanwhile, and what became of it."""

    weathers: Sequence[Weather]
    events: Events
    kept_at_utc: Sequence[datetime]
    """When the sensor services told that they keep an event until the broker can be reached."""

    @property
    def presses(self) -> int:
        """All that the hand pressed."""
        return sum(weather["presses"] for weather in self.weathers)

    stored_at_utc: Sequence[datetime]
    """When the cloud stored an event."""

    @property
    def too_good(self) -> Sequence[str]:
        """Name the weathers that did no harm: something came through, or no packet was lost."""
        return [
            weather["name"]
            for weather in self.weathers
            if (is_outage(weather) and within(weather, self.stored_at_utc, after=ON_ITS_WAY))
            or ("loss" in (weather["netem"] or "") and not weather["lost"])
        ]

    @property
    def is_kept(self) -> bool:
        """Whether promise 1 holds in a network that was bad, and every press was an event."""
        return (
            self.events.is_kept
            and self.events.accepted == self.presses
            and not self.too_good
            and any(map(is_outage, self.weathers))
        )


def within(weather: Weather, moments: Sequence[datetime], *, after: timedelta = NO_TIME) -> int:
    """Count the moments in a weather, or those from a while after its beginning on."""
    began, ended = (datetime.fromisoformat(weather[name]) for name in ("began", "ended"))
    return sum(began + after <= at_utc < ended for at_utc in moments)


def is_outage(weather: Weather) -> bool:
    """Whether nothing came through."""
    return bool(weather["is_out"]) or weather["netem"] == "loss 100%"


def run(pi: VirtualPi, *, out_s: float) -> Findings:
    """Run it once, the cable being out for `out_s`. Raises `RigBroken`."""
    pi.unpack()
    guest = pi.guest(
        INSIDE,
        "--out-s",
        out_s,
        more_modules=("veth", "sch_netem"),
        timeout_s=FINISH_WITHIN_S + 4 * out_s,
    )
    pi.run_to_its_end(guest)
    return Findings(
        weathers=pi.traces.read(pi.traces.weather),
        events=account_for_events(pi.traces, 1, pi.database),
        stored_at_utc=[
            datetime.fromisoformat(post["at"]) for post in pi.traces.posts() if post["new"]
        ],
        kept_at_utc=[
            datetime.fromisoformat(notice["time"]) for notice in pi.traces.notices(0, "event_kept")
        ],
    )


def page(conditions: Conditions, findings: Findings) -> str:
    """Write the page."""
    verdict = (
        "nothing lost, order kept" if findings.is_kept else "SOMETHING WAS LOST OR OUT OF ORDER"
    )
    if findings.too_good:
        verdict = f"NOTHING SHOWN, THE NETWORK DID NO HARM ({', '.join(findings.too_good)})"
    rows = [
        (
            weather["name"],
            weather["began"][11:19],
            weather["ended"][11:19],
            str(weather["presses"]),
            str(within(weather, findings.kept_at_utc)),
            str(within(weather, findings.stored_at_utc)),
            f"{weather['lost']} of {weather['lost'] + weather['passed']}"
            if weather["netem"]
            else "–",
        )
        for weather in findings.weathers
    ]
    header = (
        "network",
        "from",
        "to (UTC)",
        "presses",
        "kept back",
        "stored by the cloud",
        "packets lost",
    )
    parts = [
        f"# A bad network: {verdict}",
        f"Written by `{conditions.command}`.",
        conditions_table(conditions),
        "## The network\n\n" + table(header, rows),
        f"{findings.presses} presses in all; {findings.events.accepted} of them are events.",
        pages.events_table(findings.events),
        _WHAT_IT_IS,
    ]
    return "\n\n".join(parts) + "\n"


_WHAT_IT_IS = """## What was done

- A virtual Pi with 512 MB: `python -m apps.edge run` whole in a network namespace, Mosquitto and
  the cloud in another, joined by a `veth` cable whose far end is set down, or loses and delays by
  netem (`tc`) in both directions.
- A hand presses button and mat in turn, one press each half second, all the while.
- Kept back: the broker could not be reached, as the sensor service told. Until it finds that out,
  which takes a minute, it publishes in vain, and once more later. In an outage nothing may reach
  the cloud, else it was none. Packets: netem's own counts, both directions.
- The camera is on demand, and neither sensor asks for it: it stays closed.
- In the end all that waits goes out; then the rows of `evenement` and what the cloud has stored are
  compared with what the sensor service had told. Every press must be an event.

Not shown: a radio, a router that forgets its connections, another address after the outage."""
