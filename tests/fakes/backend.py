"""A cloud that answers what a test says, when the test says."""

import re
from collections import deque
from collections.abc import Iterator, Sequence

from attrs import define, evolve, field

from surveil_core.delivery import BackendReply, Outcome, judge_reply
from surveil_core.ports.backend import Posting, Run, RunResult
from surveil_core.ports.wakeup import Wakeup

SILENCE = "timed out"
"""The answer that never comes."""


@define
class FakeBackend:
    """Implements `Backend`: gives `answers` in turn, one to each event, then 201 for ever.

    An answer of text is none: the event has reached the backend, the run fails with that
    text. With `holds`, runs stay `out` until the test calls `finish`. `bulk_limit` is what
    it says with each answer; None is a backend that knows no bulk. `runs` are all that
    were submitted, `sent` all events that reached it.
    """

    url: str = "http://backend:8000/api/events"
    max_runs: int = 16
    answers: deque[BackendReply | str] = field(factory=deque, converter=deque)
    bulk_limit: int | None = None
    holds: bool = False
    wakeup: Wakeup | None = None
    runs: list[Run] = field(factory=list, init=False)
    out: list[Run] = field(factory=list, init=False)
    sent: list[Posting] = field(factory=list, init=False)
    closed: bool = field(default=False, init=False)
    _results: list[RunResult] = field(factory=list, init=False)

    def submit(self, run: Run) -> None:
        """Take a run, and end it at once unless runs are held."""
        if self.closed:
            raise ValueError("the backend is closed, expected no more runs")
        if len(self.out) + len(self._results) >= self.max_runs:
            raise ValueError(f"{self.max_runs} runs are out, expected fewer before another")
        for posting in run.postings:
            _check_key(posting.idempotency_key)
        self.runs.append(run)
        self.out.append(run)
        if not self.holds:
            self.finish(run)

    def finish(self, run: Run | None = None, result: RunResult | None = None) -> RunResult:
        """End a run, the oldest unless named, by `answers` unless a result is given."""
        run = self.out[0] if run is None else run
        self.out.remove(run)
        result = self._bulk_result(run) if run.as_bulk and result is None else result
        result = self._single_result(run) if result is None else result
        self._results.append(result)
        if self.wakeup is not None:
            self.wakeup.ring()
        return result

    def take_results(self) -> Sequence[RunResult]:
        """Hand over what has ended."""
        results, self._results = self._results, []
        return results

    def close(self) -> None:
        """Drop the runs that are out."""
        self.closed = True
        self.out.clear()
        self._results.clear()

    def _bulk_result(self, run: Run) -> RunResult | None:
        limit = self.bulk_limit or 0
        if len(run.postings) <= limit:
            return None
        status = 413 if limit else 404
        return RunResult(run=run, failure=f"no bulk: HTTP {status}", bulk_limit=0)

    def _single_result(self, run: Run) -> RunResult:
        replies: list[BackendReply] = []
        for answer in self._answers_to(run):
            if isinstance(answer, str):
                timed_out = answer == SILENCE
                failed = RunResult(run=run, failure=answer, timed_out=timed_out)
                return failed if run.as_bulk else evolve(failed, replies=tuple(replies))
            replies.append(answer)
        return RunResult(run=run, replies=tuple(replies), bulk_limit=self.bulk_limit)

    def _answers_to(self, run: Run) -> Iterator[BackendReply | str]:
        for posting in run.postings:
            self.sent.append(posting)
            answer = self.answers.popleft() if self.answers else BackendReply(status=201)
            yield answer
            if isinstance(answer, BackendReply) and judge_reply(answer) is Outcome.WAIT:
                return


def _check_key(idempotency_key: str) -> None:
    if not re.fullmatch(r"[!-~]+", idempotency_key):
        raise ValueError(f"idempotency_key is {idempotency_key!r}, expected visible ASCII")
