"""The most that the program and the processes it starts for a moment take at once."""

import threading
from types import TracebackType

from bench.delivery import procfs

HELPER = "surveil_adapters.libav"
"""Part of the command of a process that makes a video and its preview."""

_EVERY_S = 0.02


class PeakTogether:
    """Looks from another thread, while the `with` block runs. `peak_mb` is valid behind it.

    Between two looks a process may have taken more; one lives for a tenth of a second at least.
    """

    def __init__(self, pid: int) -> None:
        self.peak_mb = self.helper_peak_mb = 0.0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="peak-memory")

    def __enter__(self) -> "PeakTogether":
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_EVERY_S):
            helpers = [pid for pid in procfs.children(self._pid) if HELPER in procfs.command(pid)]
            helper_mb = sum(procfs.own_peak_rss_mb(pid) for pid in helpers)
            self.helper_peak_mb = max(self.helper_peak_mb, helper_mb)
            together_mb = procfs.own_rss_mb(self._pid) + helper_mb
            self.peak_mb = max(self.peak_mb, together_mb)
