"""Laws of the debounce: never closer than `min_interval_s`, and nothing lost beyond that."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil_core.debounce import DebouncePolicy, DebounceState, Verdict, judge_edge

STARTED_AT_S = 1000.0

# Whole milliseconds in binary fractions (1/1024 s), so that sums are exact.
TICKS = st.integers(min_value=0, max_value=8 * 1024)
EDGES = st.lists(st.tuples(TICKS, st.booleans()), max_size=60)


def judge_all(
    policy: DebouncePolicy, edges: list[tuple[int, bool]]
) -> list[tuple[float, bool, Verdict]]:
    """Judge edges given by the ticks since the one before; list time, level and verdict."""
    state = DebounceState(started_at_s=STARTED_AT_S)
    at_s = STARTED_AT_S
    judged = []
    for ticks, active in edges:
        at_s += ticks / 1024
        state, verdict = judge_edge(policy, state, active=active, at_s=at_s)
        judged.append((at_s, active, verdict))
    return judged


@given(edges=EDGES, interval_ticks=TICKS, warm_up_ticks=TICKS)
def test_accepted_edges_are_never_too_close(
    edges: list[tuple[int, bool]], interval_ticks: int, warm_up_ticks: int
) -> None:
    """Two accepted edges lie `min_interval_s` apart at least, and none in the warm-up."""
    policy = DebouncePolicy(min_interval_s=interval_ticks / 1024, warm_up_s=warm_up_ticks / 1024)
    accepted = [at for at, _, verdict in judge_all(policy, edges) if verdict is Verdict.ACCEPTED]
    gaps_s = [later - earlier for earlier, later in pairwise(accepted)]
    assert all(gap_s >= policy.min_interval_s for gap_s in gaps_s)
    assert all(at_s >= STARTED_AT_S + policy.warm_up_s for at_s in accepted)


@given(edges=EDGES, interval_ticks=TICKS)
def test_every_refused_edge_has_its_cause(
    edges: list[tuple[int, bool]], interval_ticks: int
) -> None:
    """An active edge is refused only within `min_interval_s` of an accepted one."""
    policy = DebouncePolicy(min_interval_s=interval_ticks / 1024)
    last_accepted_s: float | None = None
    for at_s, active, verdict in judge_all(policy, edges):
        if not active:
            assert verdict is Verdict.RELEASED
        elif last_accepted_s is None or at_s - last_accepted_s >= policy.min_interval_s:
            assert verdict is Verdict.ACCEPTED
        else:
            assert verdict is Verdict.TOO_SOON
        if verdict is Verdict.ACCEPTED:
            last_accepted_s = at_s


@given(edges=EDGES)
def test_without_interval_every_active_edge_counts(edges: list[tuple[int, bool]]) -> None:
    """An interval of 0 accepts them all, even at one instant."""
    for _, active, verdict in judge_all(DebouncePolicy(min_interval_s=0), edges):
        assert verdict is (Verdict.ACCEPTED if active else Verdict.RELEASED)


@pytest.mark.parametrize(
    ("gap_s", "verdict"),
    [
        (0.0, Verdict.TOO_SOON),
        (1.9990234375, Verdict.TOO_SOON),
        (2.0, Verdict.ACCEPTED),
        (2.0009765625, Verdict.ACCEPTED),
    ],
)
def test_both_sides_of_the_interval(gap_s: float, verdict: Verdict) -> None:
    """The spec's 2.0 s: just before is too soon, exactly at it counts."""
    state = DebounceState(started_at_s=STARTED_AT_S, last_accepted_at_s=1010.0)
    _, judged = judge_edge(DebouncePolicy(), state, active=True, at_s=1010.0 + gap_s)
    assert judged is verdict


@pytest.mark.parametrize(
    ("age_s", "verdict"),
    [(0.0, Verdict.WARMING_UP), (59.5, Verdict.WARMING_UP), (60.0, Verdict.ACCEPTED)],
)
def test_both_sides_of_the_warm_up(age_s: float, verdict: Verdict) -> None:
    """A PIR that settles for a minute is heard from its end on."""
    policy = DebouncePolicy(warm_up_s=60.0)
    state = DebounceState(started_at_s=STARTED_AT_S)
    assert judge_edge(policy, state, active=True, at_s=STARTED_AT_S + age_s)[1] is verdict


def test_refused_edges_do_not_prolong_the_interval() -> None:
    """A sensor that fires without pause is heard every `min_interval_s`."""
    judged = judge_all(DebouncePolicy(), [(512, True)] * 9)
    accepted = [verdict is Verdict.ACCEPTED for _, _, verdict in judged]
    assert accepted == [True, False, False, False, True, False, False, False, True]


@pytest.mark.parametrize("name", ["min_interval_s", "warm_up_s"])
def test_negative_times_are_refused(name: str) -> None:
    """A policy cannot ask for less than no time."""
    with pytest.raises(ValueError, match=name):
        DebouncePolicy(**{name: -0.1})
