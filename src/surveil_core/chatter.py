"""When a sensor chatters: a loose wire or a failing contact, not something that happens.

A contact bounces a few times per press. `CHATTER_EDGES` edges that come too soon after one
event are no bounce any more: that is told once, and its end with the first edge after the
sensor has been quiet for `min_interval_s`, instead of edge by edge. Events are not held back
by it: what debouncing accepts goes out, so that nobody silences a sensor by shaking its wire.
"""

import enum

from attrs import evolve, frozen

from surveil_core.debounce import Verdict

CHATTER_EDGES = 20
"""Ignored edges after one event from which on a sensor chatters."""


class Chatter(enum.Enum):
    """What an edge says about its sensor."""

    NONE = "none"
    BEGINS = "begins"
    GOES_ON = "goes on"
    ENDS = "ends"


@frozen(kw_only=True)
class ChatterState:
    """What is remembered of one sensor.

    `ignored_edges` counts since the last event, while it chatters since that began.
    `last_edge_at_s` is monotonic seconds.
    """

    ignored_edges: int = 0
    is_chattering: bool = False
    last_edge_at_s: float = float("-inf")


def note_edge(
    state: ChatterState, verdict: Verdict, *, min_interval_s: float, at_s: float
) -> tuple[ChatterState, Chatter]:
    """Take an active edge and its `verdict`. With `Chatter.ENDS`, `state` has the count."""
    is_over = state.is_chattering and at_s - state.last_edge_at_s >= min_interval_s
    is_chattering = state.is_chattering and not is_over
    is_new_count = is_over or (verdict is Verdict.ACCEPTED and not is_chattering)
    ignored_edges = (0 if is_new_count else state.ignored_edges) + (verdict is Verdict.TOO_SOON)
    noted = ChatterState(
        ignored_edges=ignored_edges, is_chattering=is_chattering, last_edge_at_s=at_s
    )
    if is_over:
        return noted, Chatter.ENDS
    if is_chattering:
        return noted, Chatter.GOES_ON
    if ignored_edges >= CHATTER_EDGES:
        return evolve(noted, is_chattering=True), Chatter.BEGINS
    return noted, Chatter.NONE
