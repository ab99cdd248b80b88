"""Long work on a thread of its own."""

import threading
from collections.abc import Callable


class ThreadAside:
    """The `Aside` port. Its threads are daemons: they keep no program from ending."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None

    def do(self, work: Callable[[], None]) -> bool:
        """Begin `work` on a new thread, unless the last one still works.

        Raises `RuntimeError` when the system has none to give; it may have one later.
        """
        if self._thread is not None and self._thread.is_alive():
            return False
        self.finish()
        thread = threading.Thread(target=self._run, args=(work,), name=self._name, daemon=True)
        thread.start()
        self._thread = thread  # only now: one that did not start can never be waited for
        return True

    def finish(self) -> None:
        """Wait for the thread. Raises what the work raised, once."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - raised again on the thread that asked
            self._failure = error
