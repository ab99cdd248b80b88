"""An announcer that remembers."""

from typing import TypeVar

from attrs import define, field

from surveil_core.notices import Notice

N = TypeVar("N", bound=Notice)


@define
class RecordingAnnouncer:
    """Implements `Announcer`. `notices` holds all that was told, oldest first."""

    notices: list[Notice] = field(factory=list, init=False)

    def announce(self, *notices: Notice) -> None:
        """Remember `notices`."""
        for notice in notices:
            if not isinstance(notice, Notice):
                raise TypeError(f"announced {notice!r:.80}, expected a Notice")
        self.notices.extend(notices)

    def of(self, kind: type[N]) -> list[N]:
        """List the notices of one class, oldest first."""
        return [notice for notice in self.notices if isinstance(notice, kind)]

    def kinds(self) -> list[str]:
        """List the class names of all that was told, oldest first."""
        return [type(notice).__name__ for notice in self.notices]
