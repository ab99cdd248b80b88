"""The most that the program and the processes it starts for a moment take at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from attrs import define

from bench.delivery import procfs

HELPER = "surveil_adapters.libav"
"""Part of the command of a process that makes a video and its preview."""

_EVERY_S = 0.02


@define
class Peak:
    """The program with its helpers, and those alone, in MB; valid when nobody looks any more."""

    together_mb: float = 0.0
    helpers_mb: float = 0.0


@contextmanager
def peak_of(pid: int) -> Iterator[Peak]:
    """Look from another thread, while the block runs.

    Between two looks a process may have taken more; one lives for a tenth of a second at least.
    """
    peak, over = Peak(), threading.Event()

    def look() -> None:
        while not over.wait(_EVERY_S):
            helpers = [child for child in procfs.children(pid) if HELPER in procfs.command(child)]
            helpers_mb = sum(map(procfs.own_peak_rss_mb, helpers))
            peak.helpers_mb = max(peak.helpers_mb, helpers_mb)
            peak.together_mb = max(peak.together_mb, procfs.own_rss_mb(pid) + helpers_mb)

    thread = threading.Thread(target=look, name="peak-memory")
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()
