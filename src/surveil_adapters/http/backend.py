"""The `Backend` port: couriers on threads of their own, as many as are of use.

The threads are daemons: one that waits for a silent backend does not hold up a program that
stops. What it had sent is sent again by the next one, under the same key.
"""

import threading
import time
import traceback
from collections import deque
from collections.abc import Sequence

from attrs import frozen

from surveil_adapters.http.courier import MAX_IDLE_S, Courier
from surveil_adapters.http.route import route_to
from surveil_adapters.http.run_queue import RunQueue
from surveil_core.ports.backend import Run, RunResult
from surveil_core.ports.wakeup import Wakeup

MAX_RUNS = 16
CLOSING_S = 0.5
"""How long closing waits for requests in hand."""


@frozen
class _Worker:
    courier: Courier
    thread: threading.Thread


class HttpBackend:
    """Posts to `url`. `token`, if any, goes out as a bearer token and nowhere else.

    Opens nothing before the first run. `wakeup` is rung for each result. The attribute
    `url` is for people: a user and password in it are not shown. Raises
    `ConfigurationError` when the URL or the token is no good.
    """

    def __init__(
        self,
        *,
        url: str,
        token: str | None = None,
        wakeup: Wakeup | None = None,
        max_runs: int = MAX_RUNS,
        max_idle_s: float = MAX_IDLE_S,
    ) -> None:
        self._route = route_to(url, token)
        self.url = self._route.shown_url
        self.max_runs = max_runs
        self._max_idle_s = max_idle_s
        self._wakeup = wakeup
        self._out = 0
        self._is_closed = False
        self._workers: list[_Worker] = []
        self._hiring = threading.Lock()
        self._runs = RunQueue(max_couriers=max_runs)
        self._results: deque[RunResult] = deque()

    def submit(self, run: Run) -> None:
        """Queue a run, for a new worker if there is none to spare."""
        if self._is_closed:
            raise ValueError(f"{self.url}: the backend is closed, expected no more runs")
        if self._out >= self.max_runs:
            raise ValueError(f"{self._out} runs are out, expected fewer before another")
        self._out += 1
        self._runs.put(run)
        self._maybe_hire()

    def take_results(self) -> Sequence[RunResult]:
        """Hand over what has ended, and cut requests that never end, so that they do."""
        for worker in tuple(self._workers):
            worker.courier.cut_if_overdue()
        results: list[RunResult] = []
        while self._results and not self._is_closed:
            results.append(self._results.popleft())
        self._out -= len(results)
        return results

    def close(self) -> None:
        """Drop connections and runs; a request in hand is given half a second."""
        self._is_closed = True
        self._runs.close()
        with self._hiring:
            workers = tuple(self._workers)
        for worker in workers:
            worker.courier.close()
        deadline_s = time.monotonic() + CLOSING_S
        for worker in workers:
            worker.thread.join(max(0.0, deadline_s - time.monotonic()))

    def _maybe_hire(self) -> None:
        """Start a worker where runs wait and none is idle to look after them. On any thread.

        A system that allows no more threads is asked again later, if there is any worker.
        """
        with self._hiring:
            if not self._runs.may_hire():
                return
            try:
                self._workers.append(self._start_worker())
            except RuntimeError:
                self._runs.unhire()
                if not self._workers:
                    raise

    def _start_worker(self) -> _Worker:
        courier = Courier(self._route, max_idle_s=self._max_idle_s)
        thread = threading.Thread(target=self._work, args=(courier,), name="http", daemon=True)
        thread.start()
        return _Worker(courier, thread)

    def _work(self, courier: Courier) -> None:
        seat = self._runs.seat()

        def note_answer(took_s: float) -> None:
            self._runs.note_answer(seat, took_s)
            self._maybe_hire()

        courier.on_answer = note_answer
        while (run := self._runs.take(seat)) is not None:
            self._maybe_hire()
            self._results.append(_carry(courier, run))
            if self._wakeup is not None and not self._is_closed:
                self._wakeup.ring()
        courier.close()


def _carry(courier: Courier, run: Run) -> RunResult:
    try:
        return courier.carry(run)
    except Exception as error:  # noqa: BLE001 - said in the result, which nobody overlooks
        place = traceback.extract_tb(error.__traceback__)[-1]
        said = "".join(traceback.format_exception_only(error)).strip()
        return RunResult(run=run, failure=f"fault in the bridge, {place.name}: {said}")
