"""The last seconds of video, kept in RAM so that a clip can start before its trigger.

Bounded in seconds and in bytes, and always begins at a keyframe: what precedes the
first keyframe cannot be decoded. Whole groups of pictures leave at the front.
"""

from collections import deque

from attrs import define, field, frozen, validators

from surveil_core.video import AccessUnit

DEFAULT_RING_BYTES = 16 * 1024 * 1024
"""What the ring may take: the pictures of 32 s at 4 Mbit/s."""


@frozen(kw_only=True)
class RingFigures:
    """How full a ring is, and what it may hold.

    Beyond `limit_s` whole groups of pictures leave it, so it holds up to one group more, or longer
    while an event is being stored; never more than `limit_bytes`.
    """

    held_s: float
    limit_s: float
    held_bytes: int
    limit_bytes: int


@define(kw_only=True)
class PreRollRing:
    """Holds at least `min_span_s` of pictures where the camera gave as many.

    Used by one thread. `max_bytes` wins over the span: a camera that floods shortens
    the pre-roll instead of growing memory.
    """

    min_span_s: float = field(validator=validators.ge(0))
    max_bytes: int = field(default=DEFAULT_RING_BYTES, validator=validators.gt(0))
    _units: deque[AccessUnit] = field(factory=deque, init=False, repr=False)
    _bytes: int = field(default=0, init=False)

    @property
    def held_bytes(self) -> int:
        """How much coded video is held."""
        return self._bytes

    @property
    def held_s(self) -> float:
        """How long it is from the first picture held to the last."""
        return self._units[-1].at_s - self._units[0].at_s if self._units else 0.0

    @property
    def figures(self) -> RingFigures:
        """Say how full it is now."""
        return RingFigures(
            held_s=self.held_s,
            limit_s=self.min_span_s,
            held_bytes=self._bytes,
            limit_bytes=self.max_bytes,
        )

    def push(self, unit: AccessUnit, *, awaited_at_s: float | None = None) -> None:
        """Take one picture and drop whole groups that are no longer needed.

        `awaited_at_s` is the time of an event that may be filmed yet: the span lies before that.
        """
        if not self._units and not unit.keyframe:
            return
        self._units.append(unit)
        self._bytes += len(unit.annex_b)
        while self._bytes > self.max_bytes:
            self._drop_group()
        span_ends_s = unit.at_s if awaited_at_s is None else min(unit.at_s, awaited_at_s)
        while self._second_group_starts_by(span_ends_s - self.min_span_s):
            self._drop_group()

    def units(self) -> tuple[AccessUnit, ...]:
        """All that is held, oldest first."""
        return tuple(self._units)

    def units_since(self, at_s: float) -> tuple[AccessUnit, ...]:
        """What a clip that should begin at `at_s` begins with, oldest first.

        Starts at the last keyframe taken by `at_s`, or else at the oldest held.
        """
        start = 0
        for index, unit in enumerate(self._units):
            if unit.at_s > at_s:
                break
            if unit.keyframe:
                start = index
        return tuple(self._units)[start:]

    def clear(self) -> None:
        """Forget everything, as when the camera came back as another."""
        self._units.clear()
        self._bytes = 0

    def _second_group_starts_by(self, at_s: float) -> bool:
        for index, unit in enumerate(self._units):
            if unit.at_s > at_s:
                return False
            if index and unit.keyframe:
                return True
        return False

    def _drop_group(self) -> None:
        self._drop_one()
        while self._units and not self._units[0].keyframe:
            self._drop_one()

    def _drop_one(self) -> None:
        self._bytes -= len(self._units.popleft().annex_b)
