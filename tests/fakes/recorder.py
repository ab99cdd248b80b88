"""A recorder that only remembers what it was asked."""

from attrs import define, field

from surveil_core.ports.recorder import Trigger


@define
class FakeRecorder:
    """Implements `Recorder`. `triggers` holds all that came, oldest first."""

    triggers: list[Trigger] = field(factory=list, init=False)

    def trigger(self, trigger: Trigger) -> None:
        """Remember a trigger."""
        self.triggers.append(trigger)
