"""One connection to the backend, carrying one run at a time.

Below `requests.Session` on purpose, on a transport adapter as it uses itself: a session
follows redirects, and even where it is told not to, reads a redirect's body to the end. A
redirect here is an answer like any other: following one would turn the POST into a GET
(RFC 9110, 15.4.3) whose 200 looked like a delivery.

A server may end a connection that was idle. urllib3 notices when the end has come before
the next request; when both cross on the way, the request is sent once more, at once, on a
new connection. Its idempotency key tells the backend if it had taken the first.

A home router forgets connections that are idle, and swallows what comes by them later. So
one that was idle for `MAX_IDLE_S` is not used again.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager

import requests
from urllib3.response import BaseHTTPResponse

from surveil_adapters.http.answers import (
    BULK_LIMIT_HEADER,
    MAX_TEXT_S,
    NO_ANSWER,
    is_cut,
    is_silence,
    parse_bulk_limit,
    read_body,
    read_text,
    reason_of,
    reply_of,
)
from surveil_adapters.http.line import Line
from surveil_adapters.http.route import Route
from surveil_core.bulk import build_bulk_body, parse_bulk_answer
from surveil_core.delivery import BackendReply, Outcome, judge_reply
from surveil_core.errors import BadMessage
from surveil_core.ports.backend import Run, RunResult

CONNECT_TIMEOUT_S = 3.05

MAX_IDLE_S = 15.0
"""How long a connection without a request is kept for the next one."""

MAX_SILENCES = 3
"""How many times the longest silence a request may take until its answer's headers are here."""

BULK_EVENT_S = 0.02
"""How much longer than for one event a backend may be silent, for each event of a bulk."""

BODY_GRACE_S = 1.0
"""How much longer than it may a body takes before its connection is cut."""

MAX_BULK_ANSWER_BYTES = 64 * 1024
MAX_BULK_RESULT_BYTES = 1024
"""An answer in bulk may have so much, and so much for each event."""

_WAITING_STATUSES = frozenset({408, 425, 429, *range(500, 600)} - {501})
"""Of the bulk route: the backend is not well. Any other status but 200 speaks of the route."""


class Courier:
    """Carries runs over one connection. Used by one thread, but closed by any.

    `on_answer` is told how many seconds each answer took.
    """

    def __init__(self, route: Route, *, max_idle_s: float = MAX_IDLE_S) -> None:
        self.on_answer: Callable[[float], None] = lambda took_s: None
        self._route = route
        self._max_idle_s = max_idle_s
        self._single, self._bulk = route.single.copy(), route.bulk.copy()
        self._line = Line()
        self._is_kept = False
        self._kept_at_s = 0.0
        self._due_at_s = float("inf")
        self._is_overdue = False
        self._is_closed = False

    def carry(self, run: Run) -> RunResult:
        """Send a run and say what became of it; without an answer, why."""
        return self._carry_bulk(run) if run.as_bulk else self._carry_singly(run)

    def close(self) -> None:
        """Drop the connection, and the run in hand after the request in hand. Twice is safe."""
        self._is_closed = True
        self._line.close()

    def cut_if_overdue(self) -> None:
        """End a request whose answer has begun and does not come to an end.

        Its status counts if it is there, else the run fails.
        """
        if time.monotonic() > self._due_at_s:
            self._is_overdue = True
            self._line.cut()

    def _carry_singly(self, run: Run) -> RunResult:
        replies: list[BackendReply] = []
        bulk_limit: int | None = None
        failure: str | None = None
        timed_out = False
        try:
            for reply, said in self._answers(run):
                replies.append(reply)
                bulk_limit = bulk_limit if said is None else said
                if judge_reply(reply) is Outcome.WAIT:
                    break
        except NO_ANSWER as error:
            failure, timed_out = reason_of(error), is_silence(error)
        return RunResult(
            run=run,
            replies=tuple(replies),
            failure=failure,
            timed_out=timed_out,
            bulk_limit=bulk_limit,
        )

    def _answers(self, run: Run) -> Iterator[tuple[BackendReply, int | None]]:
        for posting in run.postings:
            if self._is_closed:
                return
            self._single.headers["Idempotency-Key"] = posting.idempotency_key
            with (
                closing(self._post(self._single, posting.body, run.timeout_s)) as response,
                self._due_within(MAX_TEXT_S + BODY_GRACE_S),
            ):
                text = read_text(response, set_timeout=self._line.set_timeout)
                answer = reply_of(response, text), _bulk_limit_of(response)
            yield answer

    def _carry_bulk(self, run: Run) -> RunResult:
        events = len(run.postings)
        timeout_s = run.timeout_s + BULK_EVENT_S * events
        max_bytes = MAX_BULK_ANSWER_BYTES + MAX_BULK_RESULT_BYTES * events
        body = build_bulk_body(posting.body for posting in run.postings)
        try:
            with (
                closing(self._post(self._bulk, body, timeout_s)) as response,
                self._due_within(timeout_s + BODY_GRACE_S),
            ):
                set_timeout = self._line.set_timeout
                if response.status != requests.codes.ok:
                    text = read_text(response, set_timeout=set_timeout)
                    return _bulk_not_taken(run, response, text)
                parts = read_body(
                    response, max_bytes=max_bytes, within_s=timeout_s, set_timeout=set_timeout
                )
                answer = b"".join(parts)
        except NO_ANSWER as error:
            return RunResult(run=run, failure=reason_of(error), timed_out=is_silence(error))
        return _bulk_result(run, response, answer)

    def _post(
        self, request: requests.PreparedRequest, body: bytes, timeout_s: float
    ) -> BaseHTTPResponse:
        request.body = body
        request.headers["Content-Length"] = str(len(body))
        response = self._maybe_send_on_kept(request, timeout_s)
        if response is None:
            response = self._send(request, timeout_s)
        self._is_kept, self._kept_at_s = True, time.monotonic()
        return response

    def _maybe_send_on_kept(
        self, request: requests.PreparedRequest, timeout_s: float
    ) -> BaseHTTPResponse | None:
        if not self._is_kept:
            return None
        self._is_kept = False
        if time.monotonic() - self._kept_at_s > self._max_idle_s:
            self._line.drop()
            return None
        try:
            return self._send(request, timeout_s)
        except requests.ConnectionError as error:
            if not is_cut(error):
                raise
        return None

    def _send(self, request: requests.PreparedRequest, timeout_s: float) -> BaseHTTPResponse:
        within_s = CONNECT_TIMEOUT_S + MAX_SILENCES * timeout_s
        began_s = time.monotonic()
        self._is_overdue = False
        try:
            with self._due_within(within_s):
                response = self._line.answer_to(
                    request, (CONNECT_TIMEOUT_S, timeout_s), self._route
                )
        except NO_ANSWER as error:
            if self._is_overdue:
                raise TimeoutError(f"no whole answer within {within_s:g} s") from error
            raise
        if response.status < requests.codes.ok:
            self._line.drop()  # the answer comes later, and must not be taken for the next one's
            raise requests.ConnectionError(f"HTTP {response.status}, and no answer after it")
        self.on_answer(time.monotonic() - began_s)
        return response

    @contextmanager
    def _due_within(self, within_s: float) -> Iterator[None]:
        """Let `cut_if_overdue` end what is read meanwhile, should it take longer."""
        self._due_at_s = time.monotonic() + within_s
        try:
            yield
        finally:
            self._due_at_s = float("inf")


def _bulk_limit_of(response: BaseHTTPResponse) -> int | None:
    return parse_bulk_limit(response.headers.get(BULK_LIMIT_HEADER))


def _bulk_not_taken(run: Run, response: BaseHTTPResponse, text: str) -> RunResult:
    if response.status in _WAITING_STATUSES:
        limit = _bulk_limit_of(response)
        return RunResult(run=run, replies=(reply_of(response, text),), bulk_limit=limit)
    return _no_bulk(run, f"HTTP {response.status} {text[:160]}".rstrip())


def _bulk_result(run: Run, response: BaseHTTPResponse, answer: bytes) -> RunResult:
    try:
        replies = parse_bulk_answer(answer, events=len(run.postings))
    except BadMessage as error:
        return _no_bulk(run, str(error))
    limit = _bulk_limit_of(response)
    return RunResult(run=run, replies=tuple(_until_wait(replies)), bulk_limit=limit)


def _no_bulk(run: Run, reason: str) -> RunResult:
    failure = f"events are not taken in bulk ({reason})"
    return RunResult(run=run, failure=failure, bulk_limit=0)


def _until_wait(replies: Iterable[BackendReply]) -> Iterator[BackendReply]:
    for reply in replies:
        yield reply
        if judge_reply(reply) is Outcome.WAIT:
            return
