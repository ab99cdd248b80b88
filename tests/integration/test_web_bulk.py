"""`POST /api/events/bulk` over real HTTP and Socket.IO, and its offer on every answer."""

import json
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import pytest
import requests
from attrs import define, frozen

from surveil_adapters.http import HttpBackend
from surveil_adapters.web import AlertHub, WebServer, build_app
from surveil_core.bulk import MAX_BULK_BYTES
from surveil_core.notices import RequestAnswered, RequestRefused
from surveil_core.ports.alert_store import NewAlert, StoredAlert
from surveil_core.services.ingest import IngestService
from tests.contracts.backend import result_of, run_of, statuses
from tests.fakes.alert_store import FakeAlertStore
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.clock import FakeClock
from tests.rig.listeners import listening

DEADLINE_S = 10


@frozen
class Backend:
    """A running backend, and what a test looks into."""

    url: str
    store: FakeAlertStore
    announcer: RecordingAnnouncer


@pytest.fixture
def backend() -> Iterator[Backend]:
    """Run a backend on a free port."""
    with running(FakeAlertStore()) as backend:
        yield backend


@contextmanager
def running(store: FakeAlertStore) -> Iterator[Backend]:
    """Run a backend on a store of the test's."""
    announcer = RecordingAnnouncer()
    ingest = IngestService(store=store, clock=FakeClock(), random_bytes=bytes)
    app = build_app(
        archive=store, ingest=ingest, hub=AlertHub(announcer=announcer), announcer=announcer
    )
    with WebServer(app, host="127.0.0.1", port=0, announcer=announcer) as server:
        yield Backend(server.url, store, announcer)


def an_event(event_id: str) -> dict[str, Any]:
    """Make a body with this id."""
    return {"type": "motion_detected", "device_id": "r1", "details": {"event_id": event_id}}


def post_bulk(backend: Backend, body: object) -> requests.Response:
    """Post events as the bridge does, or a body that no bridge makes."""
    data = body if isinstance(body, bytes) else json.dumps({"events": body}).encode()
    return requests.post(f"{backend.url}/api/events/bulk", data=data, timeout=DEADLINE_S)


def stored_ids(backend: Backend) -> Sequence[str]:
    """Say what is stored, in order."""
    return [record.event_id for record in backend.store.records]


def test_each_event_has_its_result(backend: Backend) -> None:
    """New, known and bad events are answered in their places, and told to the console."""
    backend_knows = an_event("evt-1")
    post_bulk(backend, [backend_knows])

    answer = post_bulk(backend, [an_event("evt-2"), {"device_id": "r1"}, backend_knows])

    assert answer.status_code == 200
    assert answer.json() == {
        "results": [
            {"status": 201, "event_id": "evt-2"},
            {"status": 400, "reason": "field 'type' is missing; needed are type, device_id"},
            {"status": 200, "event_id": "evt-1"},
        ]
    }
    assert stored_ids(backend) == ["evt-1", "evt-2"]
    answered = backend.announcer.of(RequestAnswered)
    assert [notice.status for notice in answered] == [201, 201, 200]
    assert [notice.status for notice in backend.announcer.of(RequestRefused)] == [400]


def test_browsers_see_new_events_alone_in_order(backend: Backend) -> None:
    """Five hundred alerts come one by one, those that were known before do not."""
    post_bulk(backend, [an_event("evt-known")])
    wanted = [f"evt-{number}" for number in range(499)]
    with listening(backend.url) as alerts:
        post_bulk(backend, [an_event("evt-known"), *map(an_event, wanted)])
        seen = [alerts.get(timeout=DEADLINE_S)[1]["details"]["event_id"] for _ in wanted]
    assert seen == wanted


def test_the_bridge_drains_a_backlog_by_it(backend: Backend) -> None:
    """Our client and our backend agree: single, told of bulk, then bulk, then known."""
    with closing(HttpBackend(url=f"{backend.url}/api/events")) as client:
        single = result_of(client, run_of("evt-0"))
        assert single.bulk_limit == 500
        bulk = run_of(*(f"evt-{n}" for n in range(500)), as_bulk=True)
        first, again = result_of(client, bulk), result_of(client, bulk)
    assert statuses(first) == [200] + [201] * 499
    assert statuses(again) == [200] * 500
    assert again.bulk_limit == 500
    assert stored_ids(backend) == [f"evt-{n}" for n in range(500)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"[]", "expected an object"),
        (b'{"events": 5}', "events is 5, expected a list"),
    ],
)
def test_what_is_no_bulk_is_answered_400(backend: Backend, body: bytes, reason: str) -> None:
    """The whole is refused with its reason."""
    answer = post_bulk(backend, body)
    assert answer.status_code == 400
    assert reason in answer.json()["detail"]


def test_too_many_events_are_answered_413(backend: Backend) -> None:
    """One more than was offered is refused with the number, and none is stored."""
    answer = post_bulk(backend, [an_event(f"evt-{number}") for number in range(501)])
    assert answer.status_code == 413
    assert "at most 500" in answer.json()["detail"]
    assert answer.headers["Surveil-Bulk-Limit"] == "500"
    assert stored_ids(backend) == []


def test_the_largest_bulk_is_taken_and_no_larger(backend: Backend) -> None:
    """The bound is on the bytes of the body, by its declared length."""
    whole = json.dumps({"events": [an_event("evt-1")]}).encode()
    assert post_bulk(backend, whole.ljust(MAX_BULK_BYTES)).status_code == 200
    host, port = backend.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=DEADLINE_S) as peer:
        length = MAX_BULK_BYTES + 1
        peer.sendall(
            b"POST /api/events/bulk HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: %d\r\n\r\n{" % length
        )
        assert peer.recv(64).startswith(b"HTTP/1.1 413 ")


@define(kw_only=True)
class CountingStore(FakeAlertStore):
    """Takes its time, and counts how many bulks are in hand at once."""

    in_hand: int = 0
    most_in_hand: int = 0

    def add_alerts(self, alerts: Sequence[NewAlert]) -> Sequence[StoredAlert]:
        self.in_hand += 1
        self.most_in_hand = max(self.most_in_hand, self.in_hand)
        time.sleep(0.2)
        self.in_hand -= 1
        return super().add_alerts(alerts)


def test_bulks_are_taken_one_after_the_other() -> None:
    """Four bridges that come at once find the memory for one."""
    store = CountingStore()
    with running(store) as backend, ThreadPoolExecutor(4) as bridges:
        posts = [
            bridges.submit(post_bulk, backend, [an_event(f"evt-{number}"), an_event("evt-9")])
            for number in range(4)
        ]
        assert [post.result().status_code for post in posts] == [200] * 4
    assert len(store.records) == 5
    assert store.most_in_hand == 1


def test_a_locked_store_has_none_of_it(backend: Backend) -> None:
    """The bridge is asked to come again with all of it."""
    backend.store.unavailable = "database is locked"
    answer = post_bulk(backend, [an_event("evt-1"), an_event("evt-2")])
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "database is locked" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/events", "/api/events/bulk"])
@pytest.mark.parametrize("body", [b"", b'{"type":"motion_detected","device_id":"a","events":[]}'])
def test_every_answer_to_a_post_offers_bulk(backend: Backend, path: str, body: bytes) -> None:
    """A refusal says too how many events may come at once."""
    for unavailable in (None, "database is locked"):
        backend.store.unavailable = unavailable
        answer = requests.post(f"{backend.url}{path}", data=body, timeout=DEADLINE_S)
        assert answer.headers["Surveil-Bulk-Limit"] == "500"


def test_a_list_of_events_offers_nothing(backend: Backend) -> None:
    """Pages have no use for it."""
    answer = requests.get(f"{backend.url}/api/events", timeout=DEADLINE_S)
    assert "Surveil-Bulk-Limit" not in answer.headers
