"""Runs on their way to the couriers, and how many couriers work at once.

Couriers are threads of one interpreter, so more of them help only while they wait. For a
backend that answers at once a second one is a loss: both stop for each other at every
system call. For one that takes its time each courier adds its own waiting. So a courier
that has had no answer for a while does not count: it costs nothing, and others go on.

The courier that was idle last is the next to work: its connection is the freshest.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Iterator

from attrs import define, field

from surveil_core.ports.backend import Run

COURIER_PER_S = 0.002
"""One courier works for each so much of an answer's time."""

ANSWERS = 8
"""The middle one of so many tells the backend's time: some waited for this interpreter."""

STALL_S = 0.02
"""A courier that gets no answer for so long is not counted among those that work."""


@define(eq=False)
class Seat:
    """A courier's place in the queue."""

    bell: threading.Condition
    run: Run | None = None
    is_watching: bool = False


@define(kw_only=True, eq=False)
class RunQueue:
    """Safe from any thread. At first, while nothing is known of the backend, all may work."""

    max_couriers: int
    stall_s: float = STALL_S
    _width: int = field(init=False)
    _runs: deque[Run] = field(factory=deque, init=False)
    _answers_s: deque[float] = field(factory=lambda: deque(maxlen=ANSWERS), init=False)
    _hired: int = field(default=0, init=False)
    _seats: int = field(default=0, init=False)
    _idle: list[Seat] = field(factory=list, init=False)
    _progress_at_s: dict[Seat, float] = field(factory=dict, init=False)
    _is_closed: bool = field(default=False, init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        self._width = self.max_couriers

    def put(self, run: Run) -> None:
        """Add a run behind the others."""
        with self._lock:
            self._runs.append(run)
            self._hand_out()

    def may_hire(self) -> bool:
        """Count one more courier where runs wait and none is idle to look after them.

        It has to take a `seat`, or be taken back by `unhire`.
        """
        with self._lock:
            coming = self._hired - self._seats
            may = self._runs and not self._idle and coming == 0 and not self._is_closed
            if not may or self._hired >= self.max_couriers:
                return False
            self._hired += 1
            return True

    def unhire(self) -> None:
        """Take back a `may_hire`."""
        with self._lock:
            self._hired -= 1

    def seat(self) -> Seat:
        """Give a courier its place."""
        with self._lock:
            self._seats += 1
            return Seat(threading.Condition(self._lock))

    def take(self, seat: Seat) -> Run | None:
        """Be idle until one more courier is wanted; None when closed."""
        with self._lock:
            self._progress_at_s.pop(seat, None)
            self._idle.append(seat)
            self._hand_out()
            while seat.run is None and not self._is_closed:
                seat.is_watching = bool(self._runs) and seat is self._idle[-1]
                seat.bell.wait(self._patience_s() if seat.is_watching else None)
                self._hand_out()
            run, seat.run = seat.run, None
            return run

    def note_answer(self, seat: Seat, took_s: float) -> None:
        """Learn from an answer how many couriers are of use."""
        with self._lock:
            self._progress_at_s[seat] = time.monotonic()
            self._answers_s.append(took_s)
            middle_s = sorted(self._answers_s)[(len(self._answers_s) - 1) // 2]
            wanted = math.ceil(middle_s / COURIER_PER_S)
            self._width = min(max(1, wanted), self.max_couriers)
            self._hand_out()

    def close(self) -> None:
        """Let nobody take a run any more."""
        with self._lock:
            self._is_closed = True
            for seat in self._idle:
                seat.bell.notify()

    # --- with the lock ----------------------------------------------------------------

    def _hand_out(self) -> None:
        """Give runs to idle couriers, and have one of them watch over the rest."""
        now_s = time.monotonic()
        while self._runs and self._idle and self._at_work(now_s) < self._width:
            seat = self._idle.pop()
            seat.run = self._runs.popleft()
            self._progress_at_s[seat] = now_s
            seat.bell.notify()
        if self._runs and self._idle and not self._idle[-1].is_watching:
            self._idle[-1].bell.notify()

    def _at_work(self, now_s: float) -> int:
        return sum(1 for _ in self._recent(now_s))

    def _patience_s(self) -> float:
        """How long until the next courier at work counts as stalled."""
        now_s = time.monotonic()
        return max(0.001, min(self._recent(now_s), default=now_s) + self.stall_s - now_s)

    def _recent(self, now_s: float) -> Iterator[float]:
        return (at_s for at_s in self._progress_at_s.values() if now_s - at_s < self.stall_s)
