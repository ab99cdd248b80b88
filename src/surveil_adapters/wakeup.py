"""Waiting for several sources at once, on an event of the standard library."""

import threading


class ThreadWakeup:
    """The `Wakeup` port: rung from any thread, waited for by one."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        """End the wait, or the next one."""
        self._rung.set()

    def wait(self, timeout_s: float) -> None:
        """Wait until rung or for `timeout_s`.

        Whoever rings has made its news visible before, so a ring that falls between
        the end of the wait and its forgetting is seen all the same.
        """
        self._rung.wait(timeout_s)
        self._rung.clear()
