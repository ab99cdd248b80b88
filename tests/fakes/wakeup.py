"""A wakeup that never waits."""

from attrs import define, field


@define
class FakeWakeup:
    """Implements `Wakeup`. `waits_s` lists every wait that was not ended by a ring before."""

    is_rung: bool = field(default=False, init=False)
    rings: int = field(default=0, init=False)
    waits_s: list[float] = field(factory=list, init=False)

    def ring(self) -> None:
        """End the next wait."""
        self.is_rung = True
        self.rings += 1

    def wait(self, timeout_s: float) -> None:
        """Return at once, and forget what was rung."""
        if timeout_s < 0:
            raise ValueError(f"timeout_s is {timeout_s}, expected 0 or more")
        if not self.is_rung:
            self.waits_s.append(timeout_s)
        self.is_rung = False
