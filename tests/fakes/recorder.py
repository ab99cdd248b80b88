"""A recorder that only remembers what it was asked."""

from attrs import define, field

from surveil_core.ports.recorder import Trigger


@define
class FakeRecorder:
    """Implements `Recorder`. `triggers` and `expected` hold all that came, oldest first."""

    triggers: list[Trigger] = field(factory=list, init=False)
    expected: list[float | None] = field(factory=list, init=False)

    def expect(self, at_s: float | None) -> None:
        """Remember what is to come."""
        self.expected.append(at_s)

    def trigger(self, trigger: Trigger) -> None:
        """Remember a trigger."""
        self.triggers.append(trigger)
