"""Long work beside a loop that must not wait for it."""

from collections.abc import Callable
from typing import Protocol


class Aside(Protocol):
    """Does one piece of work at a time. Used by one thread."""

    def do(self, work: Callable[[], None]) -> bool:
        """Begin `work`, unless the last one is not done yet; say whether it was begun.

        Raises what the last one raised.
        """

    def finish(self) -> None:
        """Wait until the work is done. Raises what it raised."""
