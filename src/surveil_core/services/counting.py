"""Counters out of several files: one that cannot be read keeps nobody from those of the others."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from attrs import define, field

from surveil_core.errors import SurveilError
from surveil_core.notices import FileReadable, FileUnreadable
from surveil_core.ports.announcer import Announcer

Counters = TypeVar("Counters")


@define(kw_only=True)
class FileCounting:
    """Tells once why a file cannot be read, again if the reason is another, and when it can.

    Where several threads call it, `turn` is a lock.
    """

    service: str = "metrics"
    announcer: Announcer
    turn: AbstractContextManager[object] = field(factory=nullcontext)
    _reason_by_path: dict[str, str] = field(factory=dict, init=False)

    @property
    def unreadable(self) -> Mapping[str, str]:
        """The reason of each file that could not be read when it was last counted, by path."""
        return dict(self._reason_by_path)

    def count(self, path: str, read: Callable[[], Counters]) -> Counters | None:
        """Return what `read` finds in a file; None for one that cannot be read now."""
        try:
            counters = read()
        except SurveilError as error:
            self._note_unreadable(path, str(error))
            return None
        self._note_readable(path)
        return counters

    def forget_but(self, paths: Iterable[str]) -> None:
        """Forget what was told of files that are there no more."""
        with self.turn:
            for path in self._reason_by_path.keys() - set(paths):
                del self._reason_by_path[path]

    def _note_unreadable(self, path: str, reason: str) -> None:
        with self.turn:
            if self._reason_by_path.get(path) == reason:
                return
            self._reason_by_path[path] = reason
            self.announcer.announce(FileUnreadable(service=self.service, path=path, reason=reason))

    def _note_readable(self, path: str) -> None:
        with self.turn:
            if self._reason_by_path.pop(path, None) is not None:
                self.announcer.announce(FileReadable(service=self.service, path=path))
