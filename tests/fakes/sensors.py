"""Lines that a test drives."""

from collections import deque

from attrs import define, field

from surveil_core.errors import SensorUnavailable
from surveil_core.ports.sensors import Edge, SensorSpec


@define
class FakeSensors:
    """Implements `Sensors` for `watched`; tests `put` edges.

    With `unavailable`, a reason, the lines cannot be had, or are gone. `waits_s` lists every
    wait asked.
    """

    watched: tuple[SensorSpec, ...]
    unavailable: str | None = None
    is_open: bool = field(default=False, init=False)
    waits_s: list[float] = field(factory=list, init=False)
    _edges: deque[Edge] = field(factory=deque, init=False)

    def put(self, edge: Edge) -> None:
        """Let a watched line change; before opening nobody looks."""
        if edge.sensor not in self.watched:
            raise ValueError(f"{edge.sensor.name} is not watched")
        if self.is_open:
            self._edges.append(edge)

    def open(self) -> None:
        """Claim the lines."""
        if self.unavailable is not None:
            raise SensorUnavailable(self.unavailable)
        self.is_open = True

    def next_edge(self, timeout_s: float) -> Edge | None:
        """Give the oldest edge."""
        if timeout_s < 0:
            raise ValueError(f"timeout_s is {timeout_s}, expected 0 or more")
        self.waits_s.append(timeout_s)
        if self.is_open and self.unavailable is not None:
            raise SensorUnavailable(self.unavailable)
        return self._edges.popleft() if self._edges else None

    def close(self) -> None:
        """Release the lines and drop what waits."""
        self.is_open = False
        self._edges.clear()
