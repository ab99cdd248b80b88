"""One piece of work for FFmpeg's libraries, in a process that lives as long as it lasts."""

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from typing import Any, TextIO

from surveil_core.errors import DataLost, StoreUnavailable

_COMMAND = (sys.executable, "-P", "-m", "surveil_adapters.libav")
_CRASHES = (
    signal.SIGSEGV,
    signal.SIGABRT,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGXCPU,
)


NICENESS = 5
"""A video can wait; what the camera's encoder is late with is lost if the power goes."""


class LibavEnded(StoreUnavailable):
    """A signal ended the process: what it was given, or a system that lacks memory."""


class LibavCrashed(LibavEnded):
    """The libraries did not survive what they were given, or went round in circles."""


class LibavProcess:
    """Works from the start on. Used by one thread, which the process does not outlive.

    Request and answer lie in memory, not in pipes, so neither side ever waits for the other.
    """

    def __init__(self, task: str, **arguments: Any) -> None:
        """Start it: `task` names one of `__main__.TASKS`, the arguments can be JSON.

        Raises `StoreUnavailable`.
        """
        self._task = task
        asked = {"parent_pid": os.getpid(), "task": task, "arguments": arguments}
        try:
            with _memory_file("request") as request, ExitStack() as stack:
                request.write(json.dumps(asked))  # `dump` is much slower: it has no part in C
                request.seek(0)
                self._answer = stack.enter_context(_memory_file("answer"))
                self._complaint = stack.enter_context(_memory_file("complaint"))
                self._process = subprocess.Popen(
                    _COMMAND, stdin=request, stdout=self._answer, stderr=self._complaint
                )
                _calm(self._process)
                self._files = stack.pop_all()
        except OSError as error:
            raise StoreUnavailable(f"cannot start a process to {task}: {error}") from error

    @property
    def is_over(self) -> bool:
        """Whether `answer` has not to wait."""
        return self._process.poll() is not None

    def answer(self, within_s: float = 0.0) -> Any:
        """Wait for what the task returns, and close.

        Raises `DataLost` with the task's own words when nothing can be made of its data,
        `LibavEnded` when it did not live to answer, and `StoreUnavailable` for what may go
        better the next time.
        """
        try:
            status = _wait(self._process, within_s)
            answered, complaint = _read(self._answer), _read(self._complaint)
        except subprocess.TimeoutExpired as error:
            raise StoreUnavailable(f"{self._task} took more than {within_s:g} s") from error
        finally:
            self.close()
        if status < 0:
            reason = f"{self._task} ended by {_name_of(-status)}"
            raise (LibavCrashed if -status in _CRASHES else LibavEnded)(reason)
        if status > 0:
            last_line = (complaint.strip().splitlines() or [f"exit status {status}"])[-1]
            raise StoreUnavailable(f"cannot {self._task}: {last_line}")
        try:
            answer = json.loads(answered)
        except ValueError as error:
            raise StoreUnavailable(f"cannot {self._task}: answered {answered[:80]!r}") from error
        return _result_of(answer)

    def close(self) -> None:
        """End it, whatever it does. Closing twice is safe."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._files.close()


def run(task: str, *, within_s: float, **arguments: Any) -> Any:
    """Do one task and wait for its answer. Raises as `LibavProcess.answer`."""
    return LibavProcess(task, **arguments).answer(within_s)


def _calm(process: subprocess.Popen[bytes]) -> None:
    """Make it yield as `NICENESS` says, or as whoever asks does already.

    A system that forbids it gets its videos all the same.
    """
    niceness = max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0))
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, niceness)


def _wait(process: subprocess.Popen[bytes], within_s: float) -> int:
    """Wait for a process to end; return its status. Raises `subprocess.TimeoutExpired`.

    `Popen.wait` with a time-out only looks each 50 ms, which is as long as most work takes.
    """
    try:
        fd = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # there are none before Linux 5.3, nor in some containers
        return process.wait(within_s)
    try:
        end = select.poll()
        end.register(fd, select.POLLIN)
        end.poll(within_s * 1000)
    finally:
        os.close(fd)
    return process.wait(0)


def _result_of(answer: Any) -> Any:
    match answer:
        case {"data_lost": str(reason)}:
            raise DataLost(reason)
        case {"unavailable": str(reason)}:
            raise StoreUnavailable(reason)
        case {"result": result}:
            return result
    raise StoreUnavailable(f"an answer of no known form: {answer!r:.80}")


def _memory_file(name: str) -> TextIO:
    """Open a file that lies nowhere. Raises `OSError`."""
    return open(os.memfd_create(name), "w+", encoding="utf-8", errors="replace")


def _read(file: TextIO) -> str:
    file.seek(0)
    return file.read()


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of the real-time signals has no name
        return f"signal {number}"
