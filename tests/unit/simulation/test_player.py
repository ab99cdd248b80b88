"""Playing steps: every edge has the time it should have."""

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from surveil_adapters.simulation.board import SimulatedBoard
from surveil_adapters.simulation.player import Step, compress, play
from surveil_core.debounce import DebouncePolicy, DebounceState, Verdict, judge_edge
from surveil_core.ports.sensors import Edge
from tests.contracts.sensors import motion_on
from tests.fakes.clock import FakeClock

PIR = motion_on(17)


@define
class Stage:
    """A clock, a board with one PIR, and the edges it gave."""

    clock: FakeClock = field(factory=FakeClock)
    edges: list[Edge] = field(factory=list)
    board: SimulatedBoard = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.board = SimulatedBoard(sensors=[PIR], clock=self.clock)
        self.board.claim(PIR, self.edges.append)


def steps_at(*offsets_s: float) -> list[Step]:
    """Activations at these offsets, released at once."""
    return [
        Step(offset_s=offset_s, sensor_name=PIR.name, active=active)
        for offset_s in offsets_s
        for active in (True, False)
    ]


def test_steps_come_at_their_time() -> None:
    """The player waits for each step and stamps it."""
    stage = Stage()
    assert play(steps_at(1, 3.5), board=stage.board, clock=stage.clock) is True
    assert [edge.at_s for edge in stage.edges if edge.active] == [1001.0, 1003.5]
    assert stage.clock.monotonic_s() == 1003.5


def test_a_factor_shortens_the_wait() -> None:
    """An hour at a factor of 3600 lasts a second."""
    stage = Stage()
    play(steps_at(0, 3600), board=stage.board, clock=stage.clock, factor=3600)
    assert stage.clock.monotonic_s() == 1001.0


def test_a_late_player_stamps_the_time_that_was_due() -> None:
    """A slow machine does not move the edges apart."""
    stage = Stage()
    stage.clock.advance(50)
    play(steps_at(1, 2), board=stage.board, clock=stage.clock, start_s=1000.0)
    assert [edge.at_s for edge in stage.edges if edge.active] == [1001.0, 1002.0]


def test_it_stops_when_asked() -> None:
    """A program that ends does not wait for a month of steps."""
    stage = Stage(clock=FakeClock(stop_requested=True))
    assert play(steps_at(1), board=stage.board, clock=stage.clock) is False
    assert stage.edges == []


@given(
    st.lists(st.integers(0, 10_000_000), max_size=30).map(sorted),
    st.integers(0, 20).map(lambda power: 2**power),
)
def test_compression_changes_no_verdict(offsets_s: list[int], factor: int) -> None:
    """Whole seconds, a power of two, a compressed sensor: the same edges are accepted."""

    def verdicts(factor: int) -> list[Verdict]:
        stage = Stage()
        play(steps_at(*offsets_s), board=stage.board, clock=stage.clock, factor=factor)
        policy = DebouncePolicy(min_interval_s=compress(PIR, factor).min_interval_s)
        state, found = DebounceState(started_at_s=0), []
        for edge in stage.edges:
            state, verdict = judge_edge(policy, state, active=edge.active, at_s=edge.at_s)
            found.append(verdict)
        return found

    assert verdicts(factor) == verdicts(1)


def test_compression_shrinks_both_times() -> None:
    """Debouncing and warm-up count real seconds, so both shrink."""
    sensor = compress(motion_on(17, min_interval_s=2, warm_up_s=60), 4)
    assert (sensor.min_interval_s, sensor.warm_up_s) == (0.5, 15)


def test_a_step_before_the_start_is_refused() -> None:
    """Nothing happens before the beginning."""
    with pytest.raises(ValueError, match="offset_s"):
        Step(offset_s=-1, sensor_name="PIR", active=True)
