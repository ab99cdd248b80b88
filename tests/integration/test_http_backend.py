"""The bridge's HTTP client against a real server."""

import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

import pytest
from attrs import evolve, frozen

from surveil_adapters.http import HttpBackend
from surveil_core.delivery import BackendReply
from surveil_core.errors import ConfigurationError
from surveil_core.messages import idempotency_key
from surveil_core.ports.backend import RunResult
from tests.contracts.backend import (
    BackendContract,
    BackendRig,
    result_of,
    results_of,
    run_of,
    statuses,
)
from tests.examples import MOTION_EVENT
from tests.fakes.backend import SILENCE
from tests.fakes.wakeup import FakeWakeup
from tests.imports import import_path
from tests.rig.backends import MockBackend
from tests.rig.brokers import free_port
from tests.rig.threads import no_threads
from tests.waiting import wait_for


@frozen
class HttpRig:
    """The mock backend stands behind the real client."""

    mock: MockBackend
    backend: HttpBackend
    bell: FakeWakeup

    def script(self, *answers: BackendReply | str) -> None:
        self.mock.behave(script=[_behaviour_of(answer) for answer in answers])

    def offer_bulk(self, limit: int) -> None:
        self.mock.behave(bulk_limit=limit)

    def received(self) -> list[str]:
        return [request["body"]["details"]["event_id"] for request in self.mock.requests()]


def _behaviour_of(answer: BackendReply | str) -> dict[str, Any]:
    if answer == SILENCE:
        return {"silence_s": 5}
    if isinstance(answer, str):
        return {"body": "none"}
    return {
        "status": answer.status,
        "retry_after_s": answer.retry_after_s,
        "text": answer.text or None,
    }


class TestHttpBackendKeepsTheContract(BackendContract):
    @pytest.fixture
    def rig(self, mock_backend: MockBackend) -> Iterator[BackendRig]:
        bell = FakeWakeup()
        url = mock_backend.events_url
        with closing(HttpBackend(url=url, wakeup=bell, max_runs=4)) as backend:
            yield HttpRig(mock_backend, backend, bell)


@pytest.fixture
def backend(mock_backend: MockBackend) -> Iterator[HttpBackend]:
    with closing(HttpBackend(url=mock_backend.events_url, token="s3cret")) as backend:
        yield backend


def reply_of(backend: HttpBackend) -> BackendReply:
    """Send one event and return its answer."""
    result = result_of(backend, run_of("evt-1"))
    assert result.failure is None
    (reply,) = result.replies
    return reply


def failure_at(url: str, *, token: str | None = "s3cret") -> RunResult:
    """Send one event to where nothing good is."""
    with closing(HttpBackend(url=url, token=token)) as backend:
        result = result_of(backend, run_of("evt-1"))
        assert "s3cret" not in f"{result!r} {backend!r}"
    assert result.failure
    return result


def connections(mock_backend: MockBackend) -> int:
    """Count those that events came by."""
    return len({request["connection"] for request in mock_backend.requests()})


# --- what is sent ---------------------------------------------------------------------


def test_an_event_arrives_whole(backend: HttpBackend, mock_backend: MockBackend) -> None:
    """Body, idempotency key and token arrive; the status comes back."""
    assert reply_of(backend).status == 201
    (request,) = mock_backend.requests()
    assert request["body"]["details"] == {"event_id": "evt-1"}
    assert request["path"] == "/api/events"
    assert request["idempotency_key"] == "raspberry-1/evt-1"
    assert request["authorization"] == "Bearer s3cret"


@pytest.mark.parametrize("identifier", [" r1 ", "caméra 🚨", "a/b"])
def test_any_legal_id_goes_into_the_header(
    backend: HttpBackend, mock_backend: MockBackend, identifier: str
) -> None:
    """What the parser takes, the header takes: the key arrives and names the same event."""
    event = evolve(MOTION_EVENT, device_id=f" {identifier}", event_id=f"{identifier} ")
    (posting,) = run_of("a").postings
    posting = evolve(posting, idempotency_key=idempotency_key(event))
    assert statuses(result_of(backend, evolve(run_of("a"), postings=(posting,)))) == [201]
    (request,) = mock_backend.requests()
    parts = request["idempotency_key"].split("/")
    assert [unquote(part) for part in parts] == [event.device_id, event.event_id]


def test_a_bulk_goes_to_its_own_route(mock_backend: MockBackend) -> None:
    """The bulk route lies below the configured one, with its token and its query."""
    mock_backend.behave(bulk_limit=500)
    url = mock_backend.events_url + "/"
    with closing(HttpBackend(url=url, token="s3cret")) as backend:
        result = result_of(backend, run_of(*map(str, range(500)), as_bulk=True))
    assert statuses(result) == [201] * 500
    requests = mock_backend.requests()
    assert [request["body"]["details"]["event_id"] for request in requests] == [
        str(number) for number in range(500)
    ]
    assert {request["path"] for request in requests} == {"/api/events/bulk"}
    assert {request["authorization"] for request in requests} == {"Bearer s3cret"}
    assert connections(mock_backend) == 1


# --- answers of all kinds -------------------------------------------------------------


@pytest.mark.parametrize("body", ["short", "no chunks", "no gzip"])
@pytest.mark.parametrize("status", [201, 400])
def test_a_broken_body_does_not_undo_its_status(
    backend: HttpBackend, mock_backend: MockBackend, body: str, status: int
) -> None:
    """What was decided stands, and the next request is answered as ever."""
    mock_backend.behave(status=status, body=body)
    assert reply_of(backend).status == status
    mock_backend.behave(status=201, body="whole")
    assert reply_of(backend).status == 201


def test_a_body_that_drips_is_cut(backend: HttpBackend, mock_backend: MockBackend) -> None:
    """Six seconds' worth of drops hold nobody up."""
    mock_backend.behave(status=400, body="drops")
    began_s = time.monotonic()
    reply = reply_of(backend)
    assert time.monotonic() - began_s < 4
    assert reply.status == 400
    assert reply.text.startswith("garbled")


@pytest.mark.parametrize("behaviour", [{"status": 400}, {"status": 302, "location": "/login"}])
def test_an_endless_body_is_cut(
    backend: HttpBackend, mock_backend: MockBackend, behaviour: dict[str, Any]
) -> None:
    """A terabyte announced is read for two kilobytes, of a redirect too."""
    mock_backend.behave(body="endless", **behaviour)
    reply = reply_of(backend)
    assert (reply.status, len(reply.text)) == (behaviour["status"], 2048)


@pytest.mark.parametrize("status", [503, 429, 401, 302])
def test_an_unwilling_answer_comes_back_with_its_wishes(
    backend: HttpBackend, mock_backend: MockBackend, status: int
) -> None:
    """Any answer comes back with its Retry-After, a redirect is not followed."""
    mock_backend.behave(status=status, retry_after_s=7, location="/elsewhere")
    reply = reply_of(backend)
    assert (reply.status, reply.retry_after_s) == (status, 7)
    assert len(mock_backend.requests()) == 1


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (405, {}),
        (501, {}),
        (302, {}),
        (401, {}),
        (400, {"detail": "no bulk today"}),
        (200, {}),
        (200, []),
        (200, {"results": [{"status": 201}]}),
        (200, {"results": [{"status": 201}, {"status": "201"}]}),
        (200, {"results": [{"status": 201}, {"status": 7}]}),
        (200, {"results": [{"status": 201}, 201]}),
        (200, {"results": [{"status": 201}, {"status": 400, "reason": 7}]}),
        (201, {"results": [{"status": 201}, {"status": 201}]}),
    ],
)
def test_a_bulk_answered_oddly_is_the_last(
    backend: HttpBackend, mock_backend: MockBackend, status: int, document: object
) -> None:
    """What is no answer in bulk says that events must go one by one."""
    mock_backend.behave(bulk_limit=2, bulk_answer={"status": status, "document": document})
    result = result_of(backend, run_of("a", "b", as_bulk=True))
    assert (result.replies, result.bulk_limit, result.timed_out) == ((), 0, False)
    assert "not taken in bulk" in str(result.failure)


@pytest.mark.parametrize("status", [429, 500, 503, 504])
def test_a_bulk_that_comes_at_a_bad_time_waits(
    backend: HttpBackend, mock_backend: MockBackend, status: int
) -> None:
    """A backend that is not well says nothing about bulk; its wish is heard."""
    answer = {"status": status, "document": {}}
    mock_backend.behave(bulk_limit=2, bulk_answer=answer, retry_after_s=7)
    result = result_of(backend, run_of("a", "b", as_bulk=True))
    assert (statuses(result), result.failure, result.bulk_limit) == ([status], None, 2)
    assert result.replies[0].retry_after_s == 7


# --- no answer ------------------------------------------------------------------------


def test_nobody_there_is_said_in_few_words() -> None:
    """The reason is the operating system's."""
    result = failure_at(f"http://127.0.0.1:{free_port()}/api/events")
    assert (result.failure, result.timed_out) == ("Connection refused", False)


def test_an_unknown_host_is_said_as_such() -> None:
    """A name that does not resolve is no silence."""
    result = failure_at("http://no-such-host.invalid/api/events")
    assert "not known" in str(result.failure) or "no-such-host" in str(result.failure)
    assert not result.timed_out


def test_a_backend_may_take_the_time_it_is_given(
    backend: HttpBackend, mock_backend: MockBackend
) -> None:
    """Silence within the run's patience is no failure, beyond it is."""
    mock_backend.behave(silence_s=0.7)
    assert statuses(result_of(backend, run_of("a", "b"))) == [201, 201]
    result = result_of(backend, run_of("a", "b", timeout_s=0.2))
    assert (result.failure, result.timed_out) == ("timed out", True)


def test_a_cut_after_storing_is_a_failure_that_is_tried_again(
    backend: HttpBackend, mock_backend: MockBackend
) -> None:
    """The event goes out again under its key, by which the backend knows it."""
    mock_backend.behave(script=[{"body": "none"}])
    failed = result_of(backend, run_of("a"))
    assert "closed connection" in str(failed.failure)
    assert statuses(result_of(backend, run_of("a"))) == [201]
    keys = [request["idempotency_key"] for request in mock_backend.requests()]
    assert keys == ["raspberry-1/a"] * 2


def test_closing_does_not_wait_for_a_silent_backend(mock_backend: MockBackend) -> None:
    """A stopping service has 10 s, and other things to do."""
    mock_backend.behave(silence_s=20)
    backend = HttpBackend(url=mock_backend.events_url)
    backend.submit(run_of("a", timeout_s=60))
    wait_for("the event has arrived", mock_backend.requests)
    began_s = time.monotonic()
    backend.close()
    assert time.monotonic() - began_s < 1.5


def test_closing_ends_a_run_between_two_events(mock_backend: MockBackend) -> None:
    """The request in hand is finished, the next is not begun."""
    mock_backend.behave(silence_s=0.3)
    before = set(threading.enumerate())
    backend = HttpBackend(url=mock_backend.events_url)
    backend.submit(run_of("a", "b", "c", timeout_s=60))
    wait_for("the event has arrived", mock_backend.requests)
    backend.close()
    wait_for("the threads have ended", lambda: set(threading.enumerate()) <= before)
    assert len(mock_backend.requests()) == 1


def test_a_fault_of_ours_is_a_result_that_names_it(
    backend: HttpBackend, mock_backend: MockBackend
) -> None:
    """Nothing that goes wrong in a worker is lost, and the worker works on."""
    (posting,) = run_of("a").postings
    broken = evolve(run_of("a"), postings=(evolve(posting, body=cast(bytes, None)),))
    assert "TypeError" in str(result_of(backend, broken).failure)
    assert statuses(result_of(backend, run_of("b"))) == [201]


# --- connections ----------------------------------------------------------------------


def test_a_connection_is_kept(backend: HttpBackend, mock_backend: MockBackend) -> None:
    """Runs one after the other share a connection, refusals and bulks too."""
    mock_backend.behave(bulk_limit=2, script=[{"status": 400}, {"status": 503}])
    result_of(backend, run_of("a", "b"))
    result_of(backend, run_of("b", "c"))
    result_of(backend, run_of("d", "e", as_bulk=True))
    assert len(mock_backend.requests()) == 6
    assert connections(mock_backend) == 1


def test_a_connection_that_ended_while_idle_is_no_failure(
    backend: HttpBackend, mock_backend: MockBackend
) -> None:
    """A server may end a connection after any answer, without a word."""
    mock_backend.behave(closes=True)
    assert statuses(result_of(backend, run_of(*map(str, range(50))))) == [201] * 50
    assert connections(mock_backend) == 50


def test_a_connection_that_ends_as_a_request_comes_is_no_failure(
    backend: HttpBackend, mock_backend: MockBackend
) -> None:
    """When both cross on the way, the request goes out again on a new connection."""
    mock_backend.behave(cuts_reused=True, bulk_limit=2)
    assert statuses(result_of(backend, run_of("a", "b", "c"))) == [201] * 3
    assert statuses(result_of(backend, run_of("d", "e", as_bulk=True))) == [201] * 2
    assert len(mock_backend.requests()) == 5


def test_a_backend_that_went_away_is_a_failure_at_once() -> None:
    """A kept connection whose server is gone is tried once more and not for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        answering = threading.Thread(target=_answer_once_then_leave, args=(server,))
        answering.start()
        with closing(HttpBackend(url=f"http://127.0.0.1:{port}/api/events")) as backend:
            result = result_of(backend, run_of("a", "b"))
        answering.join()
    assert (statuses(result), result.failure) == ([201], "Connection refused")


def _answer_once_then_leave(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
        connection.recv(65536)
        server.close()


def test_headers_and_body_go_out_as_one() -> None:
    """Apart they would be two packets, each of which wakes the backend."""
    sent: list[bytes] = []
    is_over = False

    def note_sent(event: str, values: tuple[Any, ...]) -> None:
        if event == "http.client.send" and not is_over:
            sent.append(values[1])

    sys.addaudithook(note_sent)  # there is no way to take it away again
    with answering([CREATED]) as url, closing(HttpBackend(url=url)) as backend:
        assert reply_of(backend).status == 201
    is_over = True
    (request,) = sent
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/events HTTP/1.1")
    assert f"Content-Length: {len(body)}".encode() in head
    assert body


@contextmanager
def answering(*answers: Iterable[bytes]) -> Iterator[str]:
    """Give the parts of an answer to each connection's first request, then wait for its end."""

    def serve() -> None:
        for answer in answers:
            connection, _ = server.accept()
            with connection, suppress(OSError):  # the client may have left
                connection.recv(65536)
                for part in answer:
                    connection.sendall(part)
                while connection.recv(65536):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/api/events"
        finally:
            serving.join(10)


CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


def test_a_connection_that_was_idle_for_long_is_not_used_again() -> None:
    """A router on the way may have forgotten it, and swallows what comes by it.

    The server here takes a connection when the one before has ended, and answers once.
    """
    with (
        answering([CREATED], [CREATED], [CREATED]) as url,
        closing(HttpBackend(url=url, max_idle_s=0.2)) as backend,
    ):
        for _ in range(3):
            assert statuses(result_of(backend, run_of("a", timeout_s=2))) == [201]
            time.sleep(0.3)


def test_a_text_that_stops_in_the_middle_holds_nobody_up() -> None:
    """What there is of it within a second is all that is waited for."""
    answer = [b"HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\nsmells"]
    with answering(answer) as url, closing(HttpBackend(url=url)) as backend:
        began_s = time.monotonic()
        reply = reply_of(backend)
        assert time.monotonic() - began_s < 4
    assert (reply.status, reply.text) == (400, "smells")


def test_a_bulk_answer_that_stops_in_the_middle_is_silence() -> None:
    """Half an answer says nothing about bulk."""
    answer = [b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"results":']
    with answering(answer) as url, closing(HttpBackend(url=url)) as backend:
        result = result_of(backend, run_of("a", "b", as_bulk=True, timeout_s=0.5))
    assert (statuses(result), result.timed_out, result.bulk_limit) == ([], True, None)


def test_headers_that_never_end_are_cut() -> None:
    """Each drop comes in time, the whole does not: the status counts, and the run goes on."""
    dripping = _dripping(b"HTTP/1.1 201 Created\r\n", b"X: y\r\n")
    with answering(dripping, [CREATED]) as url, closing(HttpBackend(url=url)) as backend:
        began_s = time.monotonic()
        result = result_of(backend, run_of("a", "b", timeout_s=0.3))
        assert time.monotonic() - began_s < 8
        assert (statuses(result), result.failure) == ([201, 201], None)


def test_an_answer_that_never_gets_to_its_status_is_cut() -> None:
    """The run fails and the next is sent."""
    dripping = _dripping(b"HTTP/1.1", b" ")
    with answering(dripping, [CREATED]) as url, closing(HttpBackend(url=url)) as backend:
        began_s = time.monotonic()
        result = result_of(backend, run_of("a", "b", timeout_s=0.3))
        assert time.monotonic() - began_s < 8
        assert (statuses(result), result.timed_out) == ([], True)
        assert "no whole answer within 3.95 s" in str(result.failure)
        assert reply_of(backend).status == 201


def test_a_body_whose_chunks_never_begin_is_cut() -> None:
    """Its status counts, and the run goes on: the text is a courtesy."""
    head = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
    dripping = _dripping(head, b"0")
    with answering(dripping, [CREATED]) as url, closing(HttpBackend(url=url)) as backend:
        began_s = time.monotonic()
        result = result_of(backend, run_of("a", "b", timeout_s=3))
        assert time.monotonic() - began_s < 5
        assert (statuses(result), result.failure) == ([201, 201], None)


def test_a_chunked_answer_without_a_body_holds_nobody_up() -> None:
    """A 204 has no body, whatever else it says."""
    answer = [b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"]
    with answering(answer) as url, closing(HttpBackend(url=url)) as backend:
        began_s = time.monotonic()
        result = result_of(backend, run_of("a", timeout_s=9))
        assert time.monotonic() - began_s < 5
    assert statuses(result) == [204]


def test_an_early_hint_is_no_answer() -> None:
    """The answer behind it must not be taken for that of the next event."""
    hint = [b"HTTP/1.1 103 Early Hints\r\n\r\n", CREATED]
    with answering(hint, [CREATED]) as url, closing(HttpBackend(url=url)) as backend:
        result = result_of(backend, run_of("a", timeout_s=2))
        assert (statuses(result), result.failure) == ([], "HTTP 103, and no answer after it")
        assert reply_of(backend).status == 201


def _dripping(start: bytes, drop: bytes) -> Iterator[bytes]:
    yield start
    for _ in range(60):
        time.sleep(0.1)
        yield drop


def test_a_date_to_retry_after_is_measured_by_the_backends_clock() -> None:
    """Ours may be months behind."""
    answer = [
        b"HTTP/1.1 503 Service Unavailable\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
        b"Retry-After: Mon, 01 Jan 2024 00:01:30 GMT\r\nContent-Length: 0\r\n\r\n"
    ]
    with answering(answer) as url, closing(HttpBackend(url=url)) as backend:
        assert reply_of(backend).retry_after_s == 90


def test_runs_go_out_side_by_side_each_in_order(mock_backend: MockBackend) -> None:
    """Sixteen devices wait for the backend at the same time, each for its own events."""
    mock_backend.behave(silence_s=0.1)
    runs = [run_of("a", "b", "c", "d", "e", device_id=f"r{number}") for number in range(16)]
    with closing(HttpBackend(url=mock_backend.events_url)) as backend:
        began_s = time.monotonic()
        for run in runs:
            backend.submit(run)
        results = results_of(backend, runs=16)
        took_s = time.monotonic() - began_s
    assert took_s < 16 * 5 * 0.1 / 2
    assert all(statuses(result) == [201] * 5 for result in results)
    keys = [request["idempotency_key"] for request in mock_backend.requests()]
    for run in runs:
        own = [key for key in keys if key.startswith(f"{run.device_id}/")]
        assert own == [posting.idempotency_key for posting in run.postings]
    assert connections(mock_backend) == 16


def test_backend_that_falls_silent_holds_up_no_other_device(mock_backend: MockBackend) -> None:
    """After quick answers one courier works; behind its silence others take over."""
    silent = [{"silence_s": 30}] * 3
    with closing(HttpBackend(url=mock_backend.events_url)) as backend:
        result_of(backend, run_of("first"))
        mock_backend.behave(script=silent)
        began_s = time.monotonic()
        for number in range(16):
            backend.submit(run_of("a", device_id=f"r{number}"))
        results = results_of(backend, runs=13)
        took_s = time.monotonic() - began_s
    assert all(statuses(result) == [201] for result in results)
    assert took_s < 10


def test_a_thread_that_cannot_be_had_is_asked_for_again(mock_backend: MockBackend) -> None:
    """A run that found no courier is carried when there are threads again."""
    with closing(HttpBackend(url=mock_backend.events_url)) as backend:
        mock_backend.behave(script=[{"silence_s": 30}])
        backend.submit(run_of("silent", device_id="r0"))
        wait_for("it is out", lambda: len(mock_backend.requests()) == 1)
        with no_threads():
            backend.submit(run_of("a", device_id="r1"))
        backend.submit(run_of("b", device_id="r2"))
        results = results_of(backend, runs=2)
    assert {result.run.device_id for result in results} == {"r1", "r2"}


def test_no_thread_at_all_is_said(mock_backend: MockBackend) -> None:
    """The service begins anew then."""
    with (
        closing(HttpBackend(url=mock_backend.events_url)) as backend,
        no_threads(),
        pytest.raises(RuntimeError, match="thread"),
    ):
        backend.submit(run_of("a"))


def test_one_device_needs_one_thread(mock_backend: MockBackend) -> None:
    """A bridge whose runs come one after the other stays small."""
    before = threading.active_count()
    with closing(HttpBackend(url=mock_backend.events_url)) as backend:
        assert threading.active_count() == before
        for number in range(5):
            result_of(backend, run_of(f"{number}"))
        assert threading.active_count() == before + 1


# --- settings and secrets -------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["http://:80:80/", "http://", "backend:8000/api/events", "/api/events", "ftp://backend/", ""],
)
def test_a_wrong_url_is_said_before_anything_is_sent(url: str) -> None:
    """Trying again cannot help, so a person is told."""
    with pytest.raises(ConfigurationError, match="mend the backend's URL"):
        HttpBackend(url=url)


@pytest.mark.parametrize(
    "url",
    [
        "http://anna:s3c/ret@backend/api",
        "http://anna:s3c#ret@backend/api",
        "http://anna:s3c?ret@backend:80/api",
        "http:/anna:s3cret@backend/api",
        "anna:s3cret@backend/api",
        "ftp://anna:s3c ret@backend/",
        "http://anna:s3c ret@backend:99999/",
    ],
)
def test_a_password_in_a_wrong_url_is_not_shown(url: str) -> None:
    """Wherever the mistake is, what is before the host stays out of the text."""
    with pytest.raises(ConfigurationError, match="backend") as caught:
        HttpBackend(url=url)
    assert "s3c" not in str(caught.value)
    assert "ret" not in str(caught.value).split(": cannot")[0]


def test_a_user_in_the_url_and_a_token_are_refused() -> None:
    """A request has one of them, and nobody shall guess which."""
    with pytest.raises(ConfigurationError, match="take the user out of the URL") as caught:
        HttpBackend(url="http://anna:s3cret@backend/", token="t0ken")
    assert "s3cret" not in str(caught.value)
    assert "t0ken" not in str(caught.value)


@pytest.mark.parametrize("token", ["two words", "line\n", "clé"])
def test_a_wrong_token_is_said_and_not_shown(token: str) -> None:
    """A token that no header takes is named, without its text."""
    with pytest.raises(ConfigurationError, match="token") as caught:
        HttpBackend(url="http://backend/", token=token)
    assert token not in str(caught.value)


def test_credentials_of_the_url_are_used_and_not_shown(mock_backend: MockBackend) -> None:
    """A user and password go to the backend and into no text."""
    url = mock_backend.events_url.replace("//", "//anna:s3cret@")
    with closing(HttpBackend(url=url)) as backend:
        assert backend.url == mock_backend.events_url
        assert reply_of(backend).status == 201
    (request,) = mock_backend.requests()
    assert request["authorization"] == f"Basic {b64encode(b'anna:s3cret').decode()}"
    failure_at(f"http://anna:s3cret@127.0.0.1:{free_port()}/", token=None)


SEND_ONCE = """
import sys, time
from surveil_adapters.http import HttpBackend
from surveil_core.ports.backend import Posting, Run
posting = Posting(entry_id=1, event_id="e", idempotency_key="k", body=b"{}")
backend = HttpBackend(url=sys.argv[1], token="s3cret")
backend.submit(Run(device_id="r", postings=(posting,), timeout_s=5))
while not backend.take_results():
    time.sleep(0.01)
"""


def test_a_netrc_does_not_replace_the_token(mock_backend: MockBackend, tmp_path: Path) -> None:
    """A `.netrc` that knows the host leaves our bearer token alone."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {mock_backend.address.host} login anna password other\n")
    netrc.chmod(0o600)
    subprocess.run(
        [sys.executable, "-c", SEND_ONCE, mock_backend.events_url],
        env=import_path() | {"NETRC": str(netrc)},
        check=True,
        timeout=30,
    )
    (request,) = mock_backend.requests()
    assert request["authorization"] == "Bearer s3cret"
