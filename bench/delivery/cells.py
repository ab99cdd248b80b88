"""What a scenario found out, how the table says it, and which of several rounds is shown."""

from collections.abc import Callable, Sequence

from attrs import frozen

from bench.delivery.outcome import Outcome


@frozen(kw_only=True)
class Values:
    """What a scenario found out; what it did not look at is None."""

    outcome: Outcome | None = None
    rss_mb: float = 0.0
    peak_rss_mb: float = 0.0
    cpu_percent: float = 0.0
    drain_per_s: float = 0.0


# --- how it is written ------------------------------------------------------------


def _outcome(values: Values) -> Outcome:
    assert values.outcome is not None
    return values.outcome


def write_idle(values: Values) -> str:
    """Write memory and processor time."""
    return f"{values.rss_mb:.0f} MB, {values.cpu_percent:.2f} %"


def write_steady(values: Values) -> str:
    """Write latency."""
    outcome = _outcome(values)
    return f"{outcome.p50_ms:.1f} / {outcome.p99_ms:.1f}" + _faults(outcome)


def write_burst(values: Values) -> str:
    """Write a rate and memory."""
    outcome = _outcome(values)
    return f"{outcome.rate_per_s:.0f}, {values.peak_rss_mb:.0f} MB" + _faults(outcome)


def write_loss(values: Values) -> str:
    """Write what was lost."""
    outcome = _outcome(values)
    return f"{outcome.lost} of {outcome.sent}" + _faults(outcome, with_lost=False)


def write_slow(values: Values) -> str:
    """Write how far behind a bridge fell."""
    outcome = _outcome(values)
    behind = f"{outcome.lag_s:.0f} s behind" if outcome.lag_s >= 1 else "keeps up"
    return f"{behind}, p99 {outcome.p99_ms:.0f} ms" + _faults(outcome)


def write_backlog(values: Values) -> str:
    """Write memory and the rate of a drain."""
    rss = f"{values.rss_mb:.0f} MB, {values.peak_rss_mb:.0f} at most"
    return f"{rss}; {values.drain_per_s:.0f}/s" + _faults(_outcome(values))


def _faults(outcome: Outcome, *, with_lost: bool = True) -> str:
    said = [f"{outcome.lost} lost"] if with_lost and outcome.lost else []
    said += [f"{outcome.twice} twice"] if outcome.twice else []
    said += [f"{outcome.repeats} repeats"] if outcome.repeats != outcome.twice else []
    said += [f"order lost ({outcome.disordered})"] if outcome.disordered else []
    return "".join(f", {one}" for one in said)


# --- which of several rounds is shown ---------------------------------------------


def median_cpu_percent(rounds: Sequence[Values]) -> Values:
    """Show the round in the middle by processor time."""
    return _median(rounds, lambda values: values.cpu_percent)


def median_p99_ms(rounds: Sequence[Values]) -> Values:
    """Show the round in the middle by its slow events."""
    return _median(rounds, lambda values: _outcome(values).p99_ms)


def median_rate_per_s(rounds: Sequence[Values]) -> Values:
    """Show the round in the middle by rate."""
    return _median(rounds, lambda values: _outcome(values).rate_per_s)


def median_drain_per_s(rounds: Sequence[Values]) -> Values:
    """Show the round in the middle by the rate of its drain."""
    return _median(rounds, lambda values: values.drain_per_s)


def _median(rounds: Sequence[Values], measure: Callable[[Values], float]) -> Values:
    """Pick the middle one, the lower of two."""
    return sorted(rounds, key=measure)[(len(rounds) - 1) // 2]


def worst(rounds: Sequence[Values]) -> Values:
    """Show the round with the most faults."""

    def badness(values: Values) -> tuple[int, int, int]:
        outcome = _outcome(values)
        return outcome.lost, outcome.disordered, outcome.repeats

    return max(rounds, key=badness)
