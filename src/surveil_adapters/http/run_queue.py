"""Runs on their way to the couriers, and how many couriers work at once.

Couriers are threads of one interpreter, so more of them help only while they wait. For a
backend that answers at once a second one is a loss: both stop for each other at every
system call. For one that takes its time each courier adds its own waiting.
"""

import math
import threading
import time
from collections import deque

from attrs import define, field

from surveil_core.ports.backend import Run

COURIER_PER_S = 0.002
"""One courier works for each so much of an answer's time."""

ANSWERS = 8
"""The quickest of so many tells the backend's time; the others waited for this interpreter."""

STALL_S = 0.02
"""A courier that gets no answer for so long does not hold up the runs behind its own."""


@define(kw_only=True, eq=False)
class RunQueue:
    """Safe from any thread. At first, while nothing is known of the backend, all may work."""

    max_couriers: int
    stall_s: float = STALL_S
    _width: int = field(init=False)
    _runs: deque[Run] = field(factory=deque, init=False)
    _answers_s: deque[float] = field(factory=lambda: deque(maxlen=ANSWERS), init=False)
    _idle: int = field(default=0, init=False)
    _working: int = field(default=0, init=False)
    _progress_at_s: float = field(default=0.0, init=False)
    _is_closed: bool = field(default=False, init=False)
    _changed: threading.Condition = field(factory=threading.Condition, init=False)

    def __attrs_post_init__(self) -> None:
        self._width = self.max_couriers

    def put(self, run: Run) -> None:
        """Add a run behind the others."""
        with self._changed:
            self._runs.append(run)
            self._changed.notify()

    def may_hire(self) -> bool:
        """Count one more idle courier where runs wait and there is none to look after them."""
        with self._changed:
            lacks_one = bool(self._runs) and self._idle == 0
            if not lacks_one or self._working >= self.max_couriers or self._is_closed:
                return False
            self._idle += 1
            return True

    def take(self) -> Run | None:
        """Wait as an idle courier until one more is wanted; None when closed."""
        with self._changed:
            while not self._is_closed:
                if self._runs and (self._working < self._width or self._is_stalled()):
                    return self._begin_next()
                self._changed.wait(self.stall_s if self._runs else None)
        return None

    def end(self) -> None:
        """Be idle again: the run of the last `take` has been carried."""
        with self._changed:
            self._working -= 1
            self._idle += 1

    def note_answer(self, took_s: float) -> None:
        """Learn from an answer how many couriers are of use."""
        with self._changed:
            self._progress_at_s = time.monotonic()
            self._answers_s.append(took_s)
            wanted = math.ceil(min(self._answers_s) / COURIER_PER_S)
            self._width = min(max(1, wanted), self.max_couriers)
            if self._runs:
                self._changed.notify(max(0, self._width - self._working))

    def close(self) -> None:
        """Let nobody take a run any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _begin_next(self) -> Run:
        self._idle -= 1
        self._working += 1
        self._progress_at_s = time.monotonic()
        run = self._runs.popleft()
        if self._runs:
            self._changed.notify()  # somebody must look after those
        return run

    def _is_stalled(self) -> bool:
        return time.monotonic() - self._progress_at_s >= self.stall_s
