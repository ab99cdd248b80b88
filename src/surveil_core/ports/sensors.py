"""The lines that fire."""

from typing import Protocol

from attrs import field, frozen, validators

from surveil_core.events import PinState, SensorKind


@frozen(kw_only=True)
class SensorSpec:
    """One sensor as configured.

    `pin` is a BCM number. `pull` holds the line when nothing drives it. With
    `active_high` a rising edge fires; else a falling one (a button to ground).
    """

    kind: SensorKind
    name: str
    pin: int = field(validator=[validators.ge(0), validators.le(57)])
    pull: str = field(default="down", validator=validators.in_(("up", "down", "none")))
    active_high: bool = True
    min_interval_s: float = field(default=2.0, validator=validators.ge(0))
    warm_up_s: float = field(default=0.0, validator=validators.ge(0))
    location: str | None = None


@frozen(kw_only=True)
class Edge:
    """A line changed. `at_s` is when, in the clock's monotonic seconds."""

    sensor: SensorSpec
    active: bool
    at_s: float

    @property
    def state(self) -> PinState:
        """The electrical level after the edge."""
        return PinState.HIGH if self.active == self.sensor.active_high else PinState.LOW


class Sensors(Protocol):
    """A set of watched lines.

    Edges arrive by interrupt on a thread of the adapter and wait in a bounded queue,
    so a caller that is slow loses none of a burst it could ever accept.
    """

    def open(self) -> None:
        """Claim the lines. Raises `SensorUnavailable` naming the sensor and its pin."""

    def next_edge(self, timeout_s: float) -> Edge | None:
        """Wait for an edge, in the order they happened. None after `timeout_s`.

        Raises `SensorUnavailable` when the lines are gone; what remains is `close`, and to
        `open` again.
        """

    def close(self) -> None:
        """Release the lines. Closing twice is safe."""
