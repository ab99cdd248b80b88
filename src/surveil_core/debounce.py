"""Which edges of a sensor count.

A PIR needs up to a minute to settle after power-on, and every contact bounces. Law:
accepted edges of one sensor are never closer than `min_interval_s`, and an edge
exactly `min_interval_s` after the last accepted one is accepted. Time is monotonic.
"""

import enum

from attrs import field, frozen, validators


class Verdict(enum.Enum):
    """What became of an edge."""

    ACCEPTED = "accepted"
    RELEASED = "released"
    TOO_SOON = "too soon"
    WARMING_UP = "warming up"


@frozen(kw_only=True)
class DebouncePolicy:
    """`min_interval_s` (spec: 2.0) between accepted edges; none in the first `warm_up_s`."""

    min_interval_s: float = field(default=2.0, validator=validators.ge(0))
    warm_up_s: float = field(default=0.0, validator=validators.ge(0))


@frozen(kw_only=True)
class DebounceState:
    """What is remembered of one sensor. Both times are monotonic seconds."""

    started_at_s: float
    last_accepted_at_s: float | None = None


def judge_edge(
    policy: DebouncePolicy, state: DebounceState, *, active: bool, at_s: float
) -> tuple[DebounceState, Verdict]:
    """Judge one edge at monotonic `at_s`; only an accepted one changes the state."""
    if not active:
        return state, Verdict.RELEASED
    if policy.warm_up_s > 0 and at_s - state.started_at_s < policy.warm_up_s:
        return state, Verdict.WARMING_UP
    last = state.last_accepted_at_s
    if last is not None and at_s - last < policy.min_interval_s:
        return state, Verdict.TOO_SOON
    return DebounceState(started_at_s=state.started_at_s, last_accepted_at_s=at_s), Verdict.ACCEPTED
