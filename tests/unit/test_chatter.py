"""When a sensor is told to chatter."""

from hypothesis import given
from hypothesis import strategies as st

from surveil_core.chatter import CHATTER_EDGES, Chatter, ChatterState, note_edge
from surveil_core.debounce import DebouncePolicy, DebounceState, Verdict, judge_edge

INTERVAL_S = 2.0


def changes_of(times_s: list[float]) -> list[Chatter]:
    """Judge and note active edges at `times_s`."""
    debounce, chatter = DebounceState(started_at_s=0.0), ChatterState()
    changes = []
    for at_s in times_s:
        debounce, verdict = judge_edge(
            DebouncePolicy(min_interval_s=INTERVAL_S), debounce, active=True, at_s=at_s
        )
        chatter, change = note_edge(chatter, verdict, min_interval_s=INTERVAL_S, at_s=at_s)
        changes.append(change)
    return changes


def test_a_bounce_is_no_chatter() -> None:
    """Ten edges of one press, and again at the next press, are told one by one."""
    press = [0.001 * number for number in range(10)]
    assert set(changes_of(press + [5.0 + at_s for at_s in press])) == {Chatter.NONE}


def test_chatter_begins_once_and_ends_after_a_pause() -> None:
    """However long it lasts and whatever is accepted meanwhile: two changes in all."""
    chatter = [0.05 * number for number in range(200)]
    changes = changes_of([*chatter, chatter[-1] + INTERVAL_S])
    assert changes[:CHATTER_EDGES] == [Chatter.NONE] * CHATTER_EDGES
    assert changes[CHATTER_EDGES] is Chatter.BEGINS
    assert set(changes[CHATTER_EDGES + 1 : -1]) == {Chatter.GOES_ON}
    assert changes[-1] is Chatter.ENDS


def test_its_end_has_the_count() -> None:
    """The state before the edge that ends it says how many edges were ignored."""
    state = ChatterState()
    for number in range(30):
        state, _ = note_edge(state, Verdict.TOO_SOON, min_interval_s=INTERVAL_S, at_s=number / 100)
    assert state.ignored_edges == 30
    state, change = note_edge(state, Verdict.ACCEPTED, min_interval_s=INTERVAL_S, at_s=9.0)
    assert (change, state.ignored_edges, state.is_chattering) == (Chatter.ENDS, 0, False)


@given(st.lists(st.floats(min_value=0, max_value=60), max_size=300).map(sorted))
def test_begin_and_end_alternate(times_s: list[float]) -> None:
    """Nothing ends that has not begun, and nothing begins twice."""
    told = [c for c in changes_of(times_s) if c in (Chatter.BEGINS, Chatter.ENDS)]
    assert told == [Chatter.BEGINS, Chatter.ENDS] * (len(told) // 2) + told[len(told) // 2 * 2 :]
    assert told[:1] in ([], [Chatter.BEGINS])
