"""Telling a person, or a log collector, what happens."""

from typing import Protocol

from surveil_core.notices import Notice


class Announcer(Protocol):
    """Takes notices from any thread; must not raise and must not block for long."""

    def announce(self, *notices: Notice) -> None:
        """Make `notices` visible at once, together and in their order."""
