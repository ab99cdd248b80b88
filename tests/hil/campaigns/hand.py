"""What the hand really did, and what the debounce must have made of each press.

A thread of an emulated processor is late by milliseconds, which is much beside a debounce that
time compression has shortened: only the times at which a line was really driven say which presses
count. The kernel stamps an edge somewhere between the hand's looks at the clock before and after.
"""

import enum
from collections.abc import Mapping, Sequence

from attrs import define, field, frozen

from surveil_core.debounce import DebouncePolicy, DebounceState, Verdict, judge_edge

DATED_WITHIN_S = 0.020
"""An event's time is as close to its edge."""


@frozen(kw_only=True)
class Move:
    """A level put on a line, between two looks at the wall clock (Unix seconds)."""

    stage: str
    pin: int
    high: bool
    before_s: float
    after_s: float


@frozen(kw_only=True)
class Accepted:
    """An event: its line, and its time (Unix seconds)."""

    event_id: str
    pin: int
    at_s: float


class Due(enum.Enum):
    """What the debounce makes of a press."""

    EVENT = "an event"
    REFUSAL = "none"
    EITHER = "either"
    """The debounce ends between the hand's two looks at the clock."""


@frozen(kw_only=True)
class Verdicts:
    """All presses and all events, each in one place."""

    came: int = 0
    refused: int = 0
    either: int = 0
    """Too close to tell which of the two is right; `either_came` of them are events."""
    either_came: int = 0
    missing: tuple[str, ...] = ()
    too_soon: tuple[str, ...] = ()
    of_no_press: tuple[str, ...] = ()

    @property
    def presses(self) -> int:
        """All that the hand pressed."""
        return self.came + self.refused + self.either + len(self.missing) + len(self.too_soon)

    @property
    def is_kept(self) -> bool:
        """Whether each press that the debounce lets through came, and no other did."""
        return self.came > 0 and not (self.missing or self.too_soon or self.of_no_press)


def judge_moves(
    moves: Sequence[Move], events: Sequence[Accepted], intervals_s: Mapping[int, float]
) -> Verdicts:
    """Compare the events with what the debounce must make of the hand's moves.

    `intervals_s` is each line's `min_interval_s`.
    """
    tally = _Tally()
    for pin in {*intervals_s, *(event.pin for event in events)}:
        presses = _presses([move for move in moves if move.pin == pin])
        answered, strays = _match(presses, [event for event in events if event.pin == pin])
        tally.of_no_press += [event.event_id for event in strays]
        last: Move | None = None
        for number, press in enumerate(presses):
            came = number in answered
            tally.add(press, _due(press, last, intervals_s[pin]), came=came)
            last = press if came else last
    return tally.verdicts()


def _presses(moves: Sequence[Move]) -> Sequence[Move]:
    """Leave out what was no edge, or no rising one. A line is low at first."""
    was_high = [False, *(move.high for move in moves)]
    return [move for move, before in zip(moves, was_high, strict=False) if move.high and not before]


def _match(
    presses: Sequence[Move], events: Sequence[Accepted]
) -> tuple[set[int], Sequence[Accepted]]:
    """Give each event to the press that it is closest to; return these, and what is left over."""
    answered: set[int] = set()
    strays = []
    for event in events:
        off_s, number = min(
            ((_off_s(press, event.at_s), number) for number, press in enumerate(presses)),
            default=(DATED_WITHIN_S, -1),
        )
        if off_s >= DATED_WITHIN_S or number in answered:
            strays.append(event)
        else:
            answered.add(number)
    return answered, strays


def _off_s(press: Move, at_s: float) -> float:
    return max(press.before_s - at_s, at_s - press.after_s, 0.0)


def _due(press: Move, last: Move | None, interval_s: float) -> Due:
    """Ask the product's own debounce, with the shortest interval there may be and the longest.

    `last` is the last press of which an event came, so a fault is counted once and what follows
    from it is none.
    """
    if last is None:
        return Due.EVENT
    policy = DebouncePolicy(min_interval_s=interval_s)
    verdicts = {
        _judge(policy, last.after_s, press.before_s),
        _judge(policy, last.before_s, press.after_s),
    }
    if len(verdicts) > 1:
        return Due.EITHER
    return Due.EVENT if Verdict.ACCEPTED in verdicts else Due.REFUSAL


def _judge(policy: DebouncePolicy, last_s: float, at_s: float) -> Verdict:
    state = DebounceState(started_at_s=last_s, last_accepted_at_s=last_s)
    return judge_edge(policy, state, active=True, at_s=at_s)[1]


@define
class _Tally:
    counts: dict[tuple[Due, bool], list[str]] = field(factory=dict)
    of_no_press: list[str] = field(factory=list)

    def add(self, press: Move, due: Due, *, came: bool) -> None:
        name = f"pin {press.pin} at {press.before_s:.3f}"
        self.counts.setdefault((due, came), []).append(name)

    def verdicts(self) -> Verdicts:
        def of(due: Due, *, came: bool) -> tuple[str, ...]:
            return tuple(self.counts.get((due, came), ()))

        either_came = len(of(Due.EITHER, came=True))
        return Verdicts(
            came=len(of(Due.EVENT, came=True)),
            refused=len(of(Due.REFUSAL, came=False)),
            either=either_came + len(of(Due.EITHER, came=False)),
            either_came=either_came,
            missing=of(Due.EVENT, came=False),
            too_soon=of(Due.REFUSAL, came=True),
            of_no_press=tuple(self.of_no_press),
        )
