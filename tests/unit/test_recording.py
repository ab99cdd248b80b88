"""Laws of the recording policy."""

from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from surveil_core.events import EventType
from surveil_core.recording import ClipAction, ClipPlan, RecordingPolicy, plan_clip

MOTION = EventType.MOTION_DETECTED
INSTANTS = st.lists(st.integers(0, 600_000), max_size=60).map(
    lambda instants: [ms / 1000 for ms in sorted(instants)]
)
POLICIES = st.builds(
    lambda duration_s, more_s: RecordingPolicy(
        duration_s=duration_s, max_duration_s=duration_s + more_s
    ),
    st.floats(0.5, 30),
    st.floats(0, 120),
)


def plans_of(policy: RecordingPolicy, instants: list[float]) -> list[tuple[ClipPlan, list[float]]]:
    """List the clips that events at `instants` make, each with its events."""
    clips: list[tuple[ClipPlan, list[float]]] = []
    for at_s in instants:
        last = clips[-1][0] if clips else None
        plan, action = plan_clip(policy, last, MOTION, at_s=at_s)
        assert plan is not None
        if action is ClipAction.START:
            clips.append((plan, [at_s]))
        else:
            clips[-1] = (plan, [*clips[-1][1], at_s])
    return clips


@given(POLICIES, INSTANTS)
def test_every_recorded_event_lies_inside_a_clip(
    policy: RecordingPolicy, instants: list[float]
) -> None:
    """No motion instant is without pictures."""
    clips = plans_of(policy, instants)
    assert [at_s for _, events in clips for at_s in events] == instants
    for plan, events in clips:
        assert all(plan.triggered_at_s <= at_s < plan.ends_at_s for at_s in events)


@given(POLICIES, INSTANTS)
def test_a_clip_runs_duration_past_its_last_trigger_up_to_its_cap(
    policy: RecordingPolicy, instants: list[float]
) -> None:
    """A clip ends `duration_s` after its last trigger, never later than its cap."""
    for plan, events in plans_of(policy, instants):
        cap_s = plan.triggered_at_s + policy.max_duration_s
        assert plan.ends_at_s <= cap_s
        assert plan.ends_at_s == min(events[-1] + policy.duration_s, cap_s)


@given(POLICIES, INSTANTS)
def test_clips_follow_each_other(policy: RecordingPolicy, instants: list[float]) -> None:
    """A clip is triggered only after the one before is over."""
    plans = [plan for plan, _ in plans_of(policy, instants)]
    for earlier, later in pairwise(plans):
        assert earlier.ends_at_s <= later.triggered_at_s


@pytest.mark.parametrize("event_type", [EventType.BUTTON_PRESSED, EventType.PRESSURE_DETECTED])
def test_other_events_change_nothing(event_type: EventType) -> None:
    """The spec films motion only, unless the owner asks for more."""
    plan = ClipPlan(triggered_at_s=0, ends_at_s=10, capped_at_s=120)
    policy = RecordingPolicy()
    assert plan_clip(policy, plan, event_type, at_s=5) == (plan, ClipAction.NOTHING)
    assert plan_clip(policy, None, event_type, at_s=5) == (None, ClipAction.NOTHING)


def test_a_cap_below_the_duration_is_refused() -> None:
    """The text names both settings."""
    with pytest.raises(ValueError, match="max_duration_s is 5, expected at least duration_s"):
        RecordingPolicy(duration_s=10, max_duration_s=5)


@given(POLICIES, INSTANTS, st.floats(0.1, 60))
def test_for_a_while_after_a_clip_none_begins(
    policy: RecordingPolicy, instants: list[float], cooldown_s: float
) -> None:
    """An event lies inside a clip or in the pause after it; all else is as without a pause."""
    policy = evolve(policy, cooldown_s=cooldown_s)
    plan: ClipPlan | None = None
    for at_s in instants:
        before = plan
        plan, action = plan_clip(policy, plan, MOTION, at_s=at_s)
        assert plan is not None
        if action is ClipAction.COOL_DOWN:
            assert plan == before
            assert plan.ends_at_s <= at_s < plan.ends_at_s + cooldown_s + 1e-6
            continue
        assert plan.triggered_at_s <= at_s < plan.ends_at_s
        if action is ClipAction.START and before is not None:
            assert at_s >= before.ends_at_s + cooldown_s - 1e-6
