"""Which events are filmed, and from when to when.

Laws: every recorded event's instant lies inside a clip, or in the `cooldown_s` after one; a
clip runs `duration_s` past its last trigger; no clip outlives `max_duration_s` after its
first trigger. Time is monotonic seconds. One plan is one clip; an event during it prolongs it.
"""

import enum

from attrs import evolve, field, frozen, validators

from surveil_core.events import EventType

LONGEST_CLIP_S = 1800.0
"""At 4 Mbit/s so long a video nears the 1,000,000,000 bytes that SQLite takes in a field."""


class CameraMode(enum.StrEnum):
    """Whether the camera is always open, or only while it films."""

    STANDBY = "standby"
    ON_DEMAND = "on-demand"


@frozen(kw_only=True)
class RecordingPolicy:
    """What the owner asked for. The spec films motion, for 10 s.

    For `cooldown_s` after a clip none begins.
    """

    recorded_types: frozenset[EventType] = frozenset({EventType.MOTION_DETECTED})
    pre_roll_s: float = field(default=3.0, validator=validators.ge(0))
    duration_s: float = field(default=10.0, validator=validators.gt(0))
    max_duration_s: float = field(
        default=120.0, validator=[validators.gt(0), validators.le(LONGEST_CLIP_S)]
    )
    cooldown_s: float = field(default=0.0, validator=validators.ge(0))

    def __attrs_post_init__(self) -> None:
        if self.max_duration_s < self.duration_s:
            raise ValueError(
                f"max_duration_s is {self.max_duration_s:g}, "
                f"expected at least duration_s, which is {self.duration_s:g}"
            )


@frozen(kw_only=True)
class ClipPlan:
    """One clip: triggered at `triggered_at_s`, to be closed at `ends_at_s`."""

    triggered_at_s: float
    ends_at_s: float
    capped_at_s: float

    def is_over(self, at_s: float) -> bool:
        """Whether the clip is complete at `at_s`."""
        return at_s >= self.ends_at_s


class ClipAction(enum.Enum):
    """What a trigger means for the recorder."""

    NOTHING = "nothing"
    START = "start"
    EXTEND = "extend"
    COOL_DOWN = "cool down"
    """It came too soon after the last clip."""


def plan_clip(
    policy: RecordingPolicy, plan: ClipPlan | None, event_type: EventType, *, at_s: float
) -> tuple[ClipPlan | None, ClipAction]:
    """Take one event at `at_s`, `plan` being that of the last clip."""
    if event_type not in policy.recorded_types:
        return plan, ClipAction.NOTHING
    if plan is None or plan.is_over(at_s - policy.cooldown_s):
        started = ClipPlan(
            triggered_at_s=at_s,
            ends_at_s=at_s + policy.duration_s,
            capped_at_s=at_s + policy.max_duration_s,
        )
        return started, ClipAction.START
    if plan.is_over(at_s):
        return plan, ClipAction.COOL_DOWN
    ends_at_s = max(plan.ends_at_s, min(at_s + policy.duration_s, plan.capped_at_s))
    return evolve(plan, ends_at_s=ends_at_s), ClipAction.EXTEND
