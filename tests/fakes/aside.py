"""Work that is done when it is asked for, or when the test says so."""

from collections.abc import Callable

from attrs import define, field


@define
class FakeAside:
    """Implements `Aside`. With `takes_long` the work begins and is not done before `finish`."""

    takes_long: bool = False
    _work: Callable[[], None] | None = field(default=None, init=False)
    _failure: Exception | None = field(default=None, init=False)

    def do(self, work: Callable[[], None]) -> bool:
        """Do it at once, or later."""
        if self._work is not None:
            return False
        self.finish()
        self._work = work
        if not self.takes_long:
            self._do()
        return True

    def finish(self) -> None:
        """Do what was begun. Raises what it raised, once."""
        self._do()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _do(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - raised again, as by the port
                self._failure = error
