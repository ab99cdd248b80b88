"""What ours must reach, judged on the figures of one run."""

from collections.abc import Callable, Iterator, Mapping

from attrs import frozen

from bench.delivery.cells import Values
from bench.delivery.subjects import BASELINE, OURS

MAX_P99_MS = 15.0
MAX_SLOW_P99_MS = 120.0
MAX_STEADY_RATIO = 2.0
MIN_BURST_RATIO = 2.0
MIN_DRAIN_RATIO = 10.0
MAX_BACKLOG_RSS_MB = 60.0
MAX_IDLE_RSS_MB = 40.0
MAX_IDLE_CPU_PERCENT = 0.3

Results = Mapping[tuple[str, str], Values]
"""By scenario and subject; only what was measured is there."""


@frozen(kw_only=True)
class Verdict:
    """One requirement, and what was seen."""

    requirement: str
    is_met: bool
    seen: str

    def line(self) -> str:
        """Write it as an item of a list."""
        word = "met" if self.is_met else "MISSED"
        return f"- {self.requirement}: **{word}** ({self.seen})."


def judge_all(results: Results) -> list[Verdict]:
    """Judge what was measured of ours; a requirement without its figures is left out."""
    judges: tuple[Callable[[Results], Iterator[Verdict]], ...] = (
        _whole,
        _against_plain,
        _steady,
        _slow,
        _small,
    )
    return [verdict for judge in judges for verdict in judge(results)]


def _whole(results: Results) -> Iterator[Verdict]:
    outcomes = {
        scenario: values.outcome
        for (scenario, subject), values in results.items()
        if subject == OURS and values.outcome is not None
    }
    if outcomes:
        broken = {
            scenario: f"{o.lost} lost, {o.twice} twice, {o.disordered} out of order"
            for scenario, o in outcomes.items()
            if o.lost or o.disordered
        }
        seen = "; ".join(f"{name}: {words}" for name, words in broken.items())
        yield Verdict(
            requirement="no event lost, order kept per device, in every row",
            is_met=not broken,
            seen=seen or f"{len(outcomes)} rows",
        )


def _against_plain(results: Results) -> Iterator[Verdict]:
    plain, burst = results.get(("burst", BASELINE)), results.get(("burst", OURS))
    drain = results.get(("backlog-bulk", OURS))
    plain_per_s = plain.outcome.rate_per_s if plain and plain.outcome else 0.0
    if not plain_per_s:
        return
    if burst and burst.outcome:
        yield _ratio("single POSTs", burst.outcome.rate_per_s, plain_per_s, MIN_BURST_RATIO)
    if drain:
        yield _ratio("bulk drain of a backlog", drain.drain_per_s, plain_per_s, MIN_DRAIN_RATIO)


def _ratio(what: str, ours_per_s: float, plain_per_s: float, least: float) -> Verdict:
    return Verdict(
        requirement=f"{what}: at least {least:g} x the plain loop's burst",
        is_met=ours_per_s >= least * plain_per_s,
        seen=f"{ours_per_s:.0f}/s and {plain_per_s:.0f}/s: {ours_per_s / plain_per_s:.1f} x",
    )


def _steady(results: Results) -> Iterator[Verdict]:
    plain, ours = (results.get(("steady", name)) for name in (BASELINE, OURS))
    if ours is None or ours.outcome is None:
        return
    yield Verdict(
        requirement=f"50 ev/s: p99 under {MAX_P99_MS:g} ms",
        is_met=ours.outcome.p99_ms < MAX_P99_MS,
        seen=f"{ours.outcome.p99_ms:.1f} ms",
    )
    if plain is not None and plain.outcome is not None:
        yield Verdict(
            requirement=f"50 ev/s: p50 within {MAX_STEADY_RATIO:g} x the plain loop's",
            is_met=ours.outcome.p50_ms <= MAX_STEADY_RATIO * plain.outcome.p50_ms,
            seen=f"{ours.outcome.p50_ms:.1f} and {plain.outcome.p50_ms:.1f} ms",
        )


def _slow(results: Results) -> Iterator[Verdict]:
    for scenario, delay_ms in (("slow-50", 50), ("slow-200", 200)):
        values = results.get((scenario, OURS))
        if values is not None and values.outcome is not None:
            yield Verdict(
                requirement=f"backend at {delay_ms} ms: p99 under {MAX_SLOW_P99_MS:g} ms",
                is_met=values.outcome.p99_ms < MAX_SLOW_P99_MS,
                seen=f"{values.outcome.p99_ms:.0f} ms",
            )


def _small(results: Results) -> Iterator[Verdict]:
    idle, backlog = results.get(("idle", OURS)), results.get(("backlog", OURS))
    if idle is not None:
        yield _below("idle RSS", idle.rss_mb, MAX_IDLE_RSS_MB, "MB")
        yield _below("idle CPU", idle.cpu_percent, MAX_IDLE_CPU_PERCENT, "%")
    if backlog is not None:
        yield _below("RSS with 100,000 waiting", backlog.peak_rss_mb, MAX_BACKLOG_RSS_MB, "MB")


def _below(what: str, value: float, limit: float, unit: str) -> Verdict:
    return Verdict(
        requirement=f"{what} under {limit:g} {unit}",
        is_met=value < limit,
        seen=f"{value:.2f} {unit}" if limit < 1 else f"{value:.0f} {unit}",
    )
