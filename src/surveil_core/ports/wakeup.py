"""What lets one thread wait for several sources at once."""

from typing import Protocol


class Wakeup(Protocol):
    """Rung by adapters when they have something, waited for by the service that asks them."""

    def ring(self) -> None:
        """End the wait, or the next one. From any thread; never blocks."""

    def wait(self, timeout_s: float) -> None:
        """Wait until rung or for `timeout_s`; then what was rung is forgotten."""
