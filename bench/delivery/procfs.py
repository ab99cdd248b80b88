"""What a process and its children use, read from Linux's `/proc`."""

import os
from pathlib import Path

from attrs import frozen

_PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """List a process and all that descend from it; empty when it is gone."""
    parents = _parents()
    found = [pid] if pid in parents else []
    for one in found:
        found.extend(child for child, parent in parents.items() if parent == one)
    return found


def rss_mb(pid: int) -> float:
    """Sum the resident memory of the tree, in MB of 1,000,000 bytes."""
    return _sum_status_mb(pid, "VmRSS")


def peak_rss_mb(pid: int) -> float:
    """Sum the highest resident memory that each process of the tree has had."""
    return _sum_status_mb(pid, "VmHWM")


def cpu_s(pid: int) -> float:
    """Sum the processor time of the tree since its start, in steps of 10 ms.

    What it started and has seen end counts.
    """
    return sum(_ticks(one) for one in tree(pid)) / _TICKS_PER_S


def own_cpu_s(pid: int) -> float:
    """Say the processor time of one process, and of those that it started and has seen end."""
    return _ticks(pid) / _TICKS_PER_S


def children(pid: int) -> list[int]:
    """List what a process has started, by any of its threads, and not seen end yet."""
    threads = _PROC.glob(f"{pid}/task/*/children")
    return [int(child) for path in threads for child in _read_path(path).split()]


def command(pid: int) -> str:
    """Say how a process was started; empty when it is gone."""
    return _read(pid, "cmdline").replace("\0", " ")


def own_rss_mb(pid: int) -> float:
    """Say the resident memory of one process alone."""
    return _status_kib(pid, "VmRSS") * 1024 / 1e6


def own_peak_rss_mb(pid: int) -> float:
    """Say the highest resident memory that one process alone has had."""
    return _status_kib(pid, "VmHWM") * 1024 / 1e6


@frozen(kw_only=True)
class Written:
    """What a process alone has given the system to write to a disk, by `/proc/PID/io`.

    `dirtied_bytes` counts pages, once each time they become dirty; `cancelled_bytes` is what of
    that was removed again before it reached the disk. A tmpfs is no disk and counts nothing.
    """

    dirtied_bytes: int
    cancelled_bytes: int

    @property
    def net_bytes(self) -> int:
        """What went to the disk, or will."""
        return self.dirtied_bytes - self.cancelled_bytes

    def since(self, before: "Written") -> "Written":
        """Say what came after `before`."""
        return Written(
            dirtied_bytes=self.dirtied_bytes - before.dirtied_bytes,
            cancelled_bytes=self.cancelled_bytes - before.cancelled_bytes,
        )


def own_written(pid: int) -> Written:
    """Read what one process alone has written."""
    return parse_io(_read(pid, "io"))


def parse_io(text: str) -> Written:
    """Read `/proc/PID/io`; nothing when the process is gone."""
    fields = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    return Written(
        dirtied_bytes=int(fields.get("write_bytes", 0)),
        cancelled_bytes=int(fields.get("cancelled_write_bytes", 0)),
    )


def _sum_status_mb(pid: int, key: str) -> float:
    return sum(_status_kib(one, key) for one in tree(pid)) * 1024 / 1e6


def _status_kib(pid: int, key: str) -> int:
    for line in _read(pid, "status").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1])
    return 0


def _ticks(pid: int) -> int:
    """Sum `utime`, `stime`, `cutime` and `cstime` (proc(5))."""
    return sum(map(int, _stat_fields(pid)[11:15]))


def _parents() -> dict[int, int]:
    pids = [int(path.name) for path in _PROC.iterdir() if path.name.isdigit()]
    stats = {pid: _stat_fields(pid) for pid in pids}
    return {pid: int(fields[1]) for pid, fields in stats.items() if fields}


def _stat_fields(pid: int) -> list[str]:
    """Split `/proc/PID/stat` after the program's name, which may contain anything."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _read(pid: int, name: str) -> str:
    return _read_path(_PROC / str(pid) / name)


def _read_path(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""  # it ended while we looked
