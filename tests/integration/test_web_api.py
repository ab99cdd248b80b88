"""The web side over real HTTP and Socket.IO: uvicorn on a free port, fake stores behind it."""

import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio
from attrs import define, field

from surveil_adapters.web import AlertHub, DeviceView, WebServer, build_app
from surveil_core.errors import ConfigurationError
from surveil_core.messages import MAX_BODY_BYTES, BrowserAlert
from surveil_core.notices import (
    AlertEmitted,
    BrowserConnected,
    RequestAnswered,
    RequestRefused,
    WebReady,
)
from surveil_core.ports.alert_store import NewAlert, StoredAlert
from surveil_core.ports.archive import EventRecord, MediaRecord
from surveil_core.services.ingest import IngestService
from surveil_core.vocabulary import AlertType
from tests.clips import make_annex_b, make_mp4
from tests.fakes.alert_store import FakeAlertStore
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.archive import FakeArchive
from tests.fakes.clock import FakeClock

DEADLINE_S = 10
NOW = datetime(2025, 1, 15, 14, 30, 45, 123456, tzinfo=UTC)
SPEC_BODY = {
    "type": "motion_detected",
    "device_id": "raspberry-1",
    "details": {
        "event_id": "evt-1737123456-abc123",
        "source": "PIR",
        "data": {"gpio_pin": 17, "state": "HIGH"},
        "original_timestamp": "2025-01-15T14:30:45.123456",
        "mqtt_topic": "sensor/motion",
    },
}
VIDEO = bytes(range(256)) * 4096


@define
class Backend:
    """A running backend, and what a test looks into."""

    url: str
    store: FakeAlertStore
    announcer: RecordingAnnouncer


@define
class Pi:
    """A running Pi web side, and what a test looks into."""

    url: str
    archive: FakeArchive
    hub: AlertHub
    announcer: RecordingAnnouncer


@define
class Browser:
    """A Socket.IO client that keeps what it is told."""

    session: requests.Session = field(factory=requests.Session)
    client: socketio.Client = field(init=False)
    alerts: "queue.Queue[tuple[str, Any]]" = field(factory=queue.Queue)

    def __attrs_post_init__(self) -> None:
        self.client = socketio.Client(reconnection=False, http_session=self.session)

    def open(self, url: str, transports: list[str]) -> None:
        for kind in AlertType:
            self.client.on(kind.value, lambda alert, kind=kind: self.alerts.put((kind, alert)))
        self.client.connect(url, transports=transports)

    def close(self) -> None:
        self.client.disconnect()
        self.session.close()
        if self.client.eio.ws is not None:
            # The client forgets its socket when the server closed first.
            self.client.eio.ws.shutdown()


@pytest.fixture
def backend() -> Iterator[Backend]:
    """Run a backend on a free port."""
    store, announcer = FakeAlertStore(), RecordingAnnouncer()
    hub = AlertHub(announcer=announcer)
    ingest = IngestService(
        store=store,
        clock=FakeClock(),
        random_bytes=bytes,
        location_by_device={"raspberry-1": "Entrée"},
    )
    app = build_app(
        archive=store, ingest=ingest, hub=hub, announcer=announcer, allowed_hosts=["backend"]
    )
    with WebServer(app, host="127.0.0.1", port=0, announcer=announcer) as server:
        yield Backend(server.url, store, announcer)


@pytest.fixture
def pi() -> Iterator[Pi]:
    """Run a Pi's web side on a free port."""
    archive, announcer = FakeArchive(), RecordingAnnouncer()
    hub = AlertHub(announcer=announcer, service="web")
    device = DeviceView(
        device_id="raspberry-1",
        location="Entrée",
        recorded_types=[AlertType.MOTION_DETECTED],
        video_within_s=30,
    )
    app = build_app(archive=archive, hub=hub, announcer=announcer, devices=[device], service="web")
    with WebServer(app, host="127.0.0.1", port=0, announcer=announcer) as server:
        yield Pi(server.url, archive, hub, announcer)


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Hand out a client, and disconnect it at the end."""
    watching = Browser()
    yield watching
    watching.close()


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Film two seconds."""
    return make_mp4(tmp_path_factory.mktemp("clip"), duration_s=2).read_bytes()


def wait_until(is_so: Callable[[], object]) -> None:
    """Wait for something that other threads do."""
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def post(backend: Backend, body: object = SPEC_BODY, **kwargs: Any) -> requests.Response:
    """Post an event as the bridge does."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return requests.post(f"{backend.url}/api/events", data=data, timeout=DEADLINE_S, **kwargs)


def get(address: str, **kwargs: Any) -> requests.Response:
    """Get an address."""
    return requests.get(address, timeout=DEADLINE_S, **kwargs)


def an_event(cursor: int, **changes: Any) -> EventRecord:
    """Make an event as the archive lists it."""
    values: dict[str, Any] = {
        "cursor": cursor,
        "event_id": f"evt-{cursor}",
        "device_id": "raspberry-1",
        "type": AlertType.MOTION_DETECTED,
        "source": "PIR",
        "sensor_name": "PIR Entrée",
        "location": "Entrée",
        "occurred_at_utc": NOW,
        "received_at_utc": NOW,
        "data": {"gpio_pin": 17},
    }
    return EventRecord(**{**values, **changes})


def a_video(pi: Pi, content: bytes = VIDEO) -> str:
    """Put a video into the archive and return its address."""
    pi.archive.media.append(
        MediaRecord(
            media_id=1,
            event_ids=["evt-1"],
            started_at_utc=NOW,
            duration_s=13.0,
            pre_roll_s=3.0,
            clip_bytes=len(content),
            resolution="1280x720",
            codec="h264",
            camera_number=1,
        )
    )
    pi.archive.videos[1] = content
    return f"{pi.url}/api/media/1/video"


def an_alert(event_id: str = "evt-1") -> BrowserAlert:
    """Make an alert."""
    return BrowserAlert(
        type=AlertType.MOTION_DETECTED,
        device_id="raspberry-1",
        alerted_at_utc=NOW,
        location="Entrée",
        event_id=event_id,
        source="PIR",
    )


# --- POST /api/events -----------------------------------------------------------------


def test_a_new_event_is_answered_201_and_stored(backend: Backend) -> None:
    """The spec's body is answered 201 and is in the store."""
    answer = post(backend)

    assert answer.status_code == 201
    assert answer.json() == {"event_id": "evt-1737123456-abc123", "cursor": 1, "status": "new"}
    assert [record.event_id for record in backend.store.records] == ["evt-1737123456-abc123"]
    answered = backend.announcer.of(RequestAnswered)
    assert [(notice.status, notice.device_id) for notice in answered] == [(201, "raspberry-1")]


def test_a_known_event_is_answered_200_and_not_shown_again(
    backend: Backend, browser: Browser
) -> None:
    """The second POST of an event is answered 200 and alerts nobody."""
    browser.open(backend.url, ["websocket"])

    statuses = [post(backend).status_code, post(backend).status_code]
    post(backend, {"type": "button_pressed", "device_id": "raspberry-1"})

    assert statuses == [201, 200]
    names = [browser.alerts.get(timeout=DEADLINE_S)[0] for _ in range(2)]
    assert names == ["motion_detected", "button_pressed"]


def test_the_minimal_body_is_new_each_time(backend: Backend) -> None:
    """The spec's `{"type", "device_id"}` is taken."""
    answer = post(backend, {"type": "motion_detected", "device_id": "test"})

    assert answer.status_code == 201
    assert answer.json()["event_id"].startswith("evt-")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b"[]", "expected an object"),
        (b'{"type": "motion_detected"}', "device_id"),
        (b'{"type": "smoke", "device_id": "a"}', "motion_detected"),
        (b"[" * 60_000, "nests deeper"),
    ],
)
def test_a_bad_body_is_answered_400_with_the_reason(
    backend: Backend, body: bytes, reason: str
) -> None:
    """A body that breaks the contract is refused, and the reason is told to both sides."""
    answer = post(backend, body)

    assert answer.status_code == 400
    assert reason in answer.json()["detail"]
    assert [n.status for n in backend.announcer.of(RequestRefused)] == [400]
    assert backend.store.records == []


def test_the_largest_body_is_taken(backend: Backend) -> None:
    """What a bridge may make of a 64 KiB message is still taken."""
    body = json.dumps({**SPEC_BODY, "pad": ""}).encode()
    body = body[:-2] + b"x" * (MAX_BODY_BYTES - len(body)) + body[-2:]

    assert post(backend, body).status_code == 201


def test_a_body_too_large_is_answered_413(backend: Backend) -> None:
    """One byte more is refused by its declared length, and so is a body that declares none."""
    too_large = b" " * (MAX_BODY_BYTES + 1)

    assert post(backend, too_large).status_code == 413
    chunked = requests.post(f"{backend.url}/api/events", data=iter([too_large]), timeout=DEADLINE_S)
    assert chunked.status_code == 413


def test_an_endless_body_is_refused_before_it_is_whole(backend: Backend) -> None:
    """A gigabyte announced is refused at once: nobody waits for its bytes."""
    host, port = backend.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=DEADLINE_S) as peer:
        peer.sendall(
            b"POST /api/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n{"
        )
        assert peer.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_locked_store_is_answered_503_with_retry_after(backend: Backend) -> None:
    """The bridge is asked to come again, and told why."""
    backend.store.unavailable = "database is locked"

    answer = post(backend)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "database is locked" in answer.json()["detail"]


def test_a_slow_store_does_not_stop_the_others(backend: Backend) -> None:
    """While one POST waits for its commit, another request is answered."""
    may_go_on, has_begun = threading.Event(), threading.Event()

    class SlowStore(FakeAlertStore):
        def add_alerts(self, alerts: Sequence[NewAlert]) -> Sequence[StoredAlert]:
            has_begun.set()
            assert may_go_on.wait(DEADLINE_S)
            return backend.store.add_alerts(alerts)

    announcer = RecordingAnnouncer()
    store = SlowStore()
    ingest = IngestService(store=store, clock=FakeClock(), random_bytes=bytes)
    app = build_app(
        archive=store, ingest=ingest, hub=AlertHub(announcer=announcer), announcer=announcer
    )
    with WebServer(app, host="127.0.0.1", port=0, announcer=announcer) as server:
        slow = Backend(server.url, store, announcer)
        poster = threading.Thread(target=post, args=(slow,))
        poster.start()
        assert has_begun.wait(DEADLINE_S)
        assert get(f"{slow.url}/api/devices").status_code == 200
        may_go_on.set()
        poster.join(DEADLINE_S)


def test_a_pi_takes_no_posts(pi: Pi) -> None:
    """Without an intake there is nothing to post to."""
    answer = requests.post(f"{pi.url}/api/events", data=b"{}", timeout=DEADLINE_S)

    assert answer.status_code == 405


# --- Socket.IO ------------------------------------------------------------------------


@pytest.mark.parametrize("transports", [["websocket"], ["polling"]])
def test_a_posted_event_reaches_a_browser(
    browser: Browser, backend: Backend, transports: list[str]
) -> None:
    """The alert has the spec's name and payload, and the console says how many saw it."""
    browser.open(backend.url, transports)

    post(backend)

    name, alert = browser.alerts.get(timeout=DEADLINE_S)
    assert name == "motion_detected"
    assert alert == {
        "device_id": "raspberry-1",
        "timestamp": "2025-01-15T14:30:45.123Z",
        "location": "Entrée",
        "details": {"event_id": "evt-1737123456-abc123", "source": "PIR"},
    }
    wait_until(lambda: backend.announcer.of(AlertEmitted))
    assert [n.clients for n in backend.announcer.of(AlertEmitted)] == [1]
    assert len(backend.announcer.of(BrowserConnected)) == 1


def test_alerts_come_in_order_to_every_browser(pi: Pi, browser: Browser) -> None:
    """What one thread emits reaches two browsers in its order."""
    other = Browser()
    browser.open(pi.url, ["websocket"])
    other.open(pi.url, ["websocket"])
    wait_until(lambda: len(pi.announcer.of(BrowserConnected)) == 2)

    wanted = [f"evt-{number}" for number in range(100)]
    for event_id in wanted:
        pi.hub.emit(an_alert(event_id))

    for watching in (browser, other):
        seen = [watching.alerts.get(timeout=DEADLINE_S)[1]["details"]["event_id"] for _ in wanted]
        assert seen == wanted
    other.close()
    wait_until(lambda: len(pi.announcer.of(AlertEmitted)) == 100)
    assert {n.clients for n in pi.announcer.of(AlertEmitted)} == {2}


def test_a_browser_that_left_is_not_counted(pi: Pi, browser: Browser) -> None:
    """The number of clients goes down again."""
    browser.open(pi.url, ["websocket"])
    browser.client.disconnect()

    def nobody_watches() -> bool:
        pi.hub.emit(an_alert())
        return any(notice.clients == 0 for notice in pi.announcer.of(AlertEmitted))

    wait_until(nobody_watches)


def test_an_alert_before_and_after_the_server_runs_is_harmless() -> None:
    """A hub without a server has no clients, and says so."""
    announcer = RecordingAnnouncer()
    hub = AlertHub(announcer=announcer)
    app = build_app(archive=FakeArchive(), hub=hub, announcer=announcer)

    hub.emit(an_alert())
    with WebServer(app, host="127.0.0.1", port=0, announcer=announcer):
        pass
    hub.emit(an_alert())

    assert [notice.clients for notice in announcer.of(AlertEmitted)] == [0, 0]


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_foreign_page_gets_no_alerts(pi: Pi, transport: str) -> None:
    """Engine.IO refuses a browser whose page came from elsewhere."""
    client = socketio.Client(reconnection=False)

    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(pi.url, transports=[transport], headers={"Origin": "https://evil.example"})


# --- GET /api/events, /api/media, /api/devices, /healthz ---------------------------------


def test_events_are_listed_newest_first(pi: Pi) -> None:
    """Without a cursor the latest come first, with all their fields."""
    pi.archive.events += [an_event(1), an_event(2, media_ids=[7])]

    events = get(f"{pi.url}/api/events").json()["events"]

    assert [event["cursor"] for event in events] == [2, 1]
    assert events[0] == {
        "cursor": 2,
        "event_id": "evt-2",
        "device_id": "raspberry-1",
        "type": "motion_detected",
        "source": "PIR",
        "sensor_name": "PIR Entrée",
        "location": "Entrée",
        "occurred_at": "2025-01-15T14:30:45.123456Z",
        "received_at": "2025-01-15T14:30:45.123456Z",
        "data": {"gpio_pin": 17},
        "media_ids": [7],
        "clip_state": "none",
        "no_video_reason": None,
        "damaged": False,
    }


def test_events_behind_a_cursor_are_listed_oldest_first(pi: Pi) -> None:
    """A page that was away asks from its cursor on, in parts if it likes."""
    pi.archive.events += [an_event(cursor) for cursor in range(1, 6)]

    events = get(f"{pi.url}/api/events?after=2&limit=2").json()["events"]

    assert [event["cursor"] for event in events] == [3, 4]


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "after=9223372036854775808", "limit=0", "limit=501"]
)
def test_a_wrong_query_is_answered_400(pi: Pi, query: str) -> None:
    """A query out of its bounds is refused, naming the parameter."""
    answer = get(f"{pi.url}/api/events?{query}")

    assert answer.status_code == 400
    assert query.split("=", maxsplit=1)[0] in answer.text


def test_media_of_an_event_are_listed(pi: Pi) -> None:
    """The page asks for the videos of one event."""
    a_video(pi)

    media = get(f"{pi.url}/api/media?event_id=evt-1").json()["media"]

    assert [(item["media_id"], item["video_url"]) for item in media] == [(1, "/api/media/1/video")]
    assert media[0]["event_ids"] == ["evt-1"]
    assert get(f"{pi.url}/api/media?event_id=evt-2").json() == {"media": []}


def test_devices_are_listed(pi: Pi) -> None:
    """The page learns what is filmed and how long to wait for the video."""
    assert get(f"{pi.url}/api/devices").json() == {
        "devices": [
            {
                "device_id": "raspberry-1",
                "location": "Entrée",
                "recorded_types": ["motion_detected"],
                "video_within_s": 30.0,
            }
        ],
        "can_pin": False,
    }


def test_health_says_ok_or_the_reason(pi: Pi) -> None:
    """A health check is answered 200, or 503 and why."""
    healthy = get(f"{pi.url}/healthz")
    pi.archive.unavailable = "database is locked"
    ill = get(f"{pi.url}/healthz")

    assert (healthy.status_code, healthy.json()) == (200, {"status": "ok"})
    assert (ill.status_code, ill.json()) == (503, {"status": "database is locked"})
    assert get(f"{pi.url}/api/events").status_code == 503


# --- GET /api/media/{id}/video -----------------------------------------------------------


def test_a_whole_video_is_sent(pi: Pi) -> None:
    """Without a range the whole MP4 comes, and says that parts can be had."""
    answer = get(a_video(pi))

    assert answer.status_code == 200
    assert answer.content == VIDEO
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Length"] == str(len(VIDEO))


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-", 0, len(VIDEO)),
        ("bytes=10-19", 10, 20),
        (f"bytes={len(VIDEO) - 1}-", len(VIDEO) - 1, len(VIDEO)),
        ("bytes=-5", len(VIDEO) - 5, len(VIDEO)),
        ("bytes=300000-900000", 300_000, 900_001),
        ("bytes=5-99999999", 5, len(VIDEO)),
    ],
)
def test_a_part_of_a_video_is_sent(pi: Pi, wanted: str, start: int, end: int) -> None:
    """A range is answered 206 with just those bytes."""
    answer = get(a_video(pi), headers={"Range": wanted})

    assert answer.status_code == 206
    assert answer.content == VIDEO[start:end]
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(VIDEO)}"
    assert answer.headers["Content-Length"] == str(end - start)


def test_a_part_behind_the_end_is_answered_416(pi: Pi) -> None:
    """A range that selects nothing is refused and names the size."""
    answer = get(a_video(pi), headers={"Range": f"bytes={len(VIDEO)}-"})

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(VIDEO)}"


@pytest.mark.parametrize(
    "headers",
    [{"Range": "bytes=0-1,4-5"}, {"Range": "lines=1-2"}, {"Range": "bytes=0-1", "If-Range": '"x"'}],
)
def test_a_range_that_is_not_served_gets_the_whole(pi: Pi, headers: dict[str, str]) -> None:
    """RFC 9110 lets us ignore ranges; a guarded one must be, as nothing of ours can match."""
    answer = get(a_video(pi), headers=headers)

    assert (answer.status_code, len(answer.content)) == (200, len(VIDEO))


def test_a_video_that_is_lost_is_an_error_and_no_broken_stream(pi: Pi) -> None:
    """Whole or in part: the reason is answered, and told to the owner."""
    url = a_video(pi)
    pi.archive.videos.clear()
    for headers in ({}, {"Range": "bytes=10-19"}):
        answer = get(url, headers=headers)
        assert answer.status_code == 500
        assert "ended at byte" in answer.json()["detail"]
    assert [notice.status for notice in pi.announcer.of(RequestRefused)] == [500, 500]


def test_head_tells_the_size_without_the_video(pi: Pi) -> None:
    """HEAD has the headers of GET and no body."""
    answer = requests.head(a_video(pi), timeout=DEADLINE_S)

    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str(len(VIDEO))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Type"] == "video/mp4"


@pytest.mark.parametrize("path", ["/api/media/2/video", "/api/media/2/video?format=h264"])
def test_no_such_video_is_answered_404(pi: Pi, path: str) -> None:
    """A number that names no video is answered so, by GET and by HEAD."""
    a_video(pi)

    assert get(f"{pi.url}{path}").status_code == 404
    assert requests.head(f"{pi.url}{path}", timeout=DEADLINE_S).status_code == 404


@pytest.mark.parametrize("path", ["/api/media/0/video", "/api/media/1/video?format=avi"])
def test_a_wrong_video_request_is_answered_400(pi: Pi, path: str) -> None:
    """Numbers and formats out of bounds are refused."""
    assert get(f"{pi.url}{path}").status_code == 400


def test_a_video_that_vanishes_is_cut_and_never_padded(pi: Pi) -> None:
    """When a clip shrinks while it is sent the transfer breaks, so nobody takes it for whole."""
    address = a_video(pi)
    pi.archive.videos[1] = VIDEO[:1000]

    with pytest.raises(requests.exceptions.RequestException):
        assert get(address).content


def test_a_damaged_video_is_answered_500_as_h264(pi: Pi) -> None:
    """Bytes that are no MP4 cannot be unwrapped, and both sides are told."""
    answer = get(a_video(pi) + "?format=h264")

    assert answer.status_code == 500
    assert "no readable MP4" in answer.json()["detail"]
    assert [notice.status for notice in pi.announcer.of(RequestRefused)] == [500]


def test_the_raw_stream_is_the_same_pictures(pi: Pi, mp4: bytes, tmp_path: Path) -> None:
    """`?format=h264` gives what ffmpeg gives, nothing re-encoded."""
    answer = get(a_video(pi, mp4) + "?format=h264")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "video/h264"
    assert answer.content == make_annex_b(tmp_path, mp4).read_bytes()


# --- the page, the docs, the fence ------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/docs", "/healthz", "/nothing", "/socket.io/"])
def test_every_answer_carries_the_security_headers(pi: Pi, path: str) -> None:
    """Nothing is loaded from outside, guessed, framed or shared with other origins."""
    headers = get(f"{pi.url}{path}").headers

    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


def test_the_docs_name_every_path_and_load_nothing_from_outside(backend: Backend) -> None:
    """`/docs` works without the Internet."""
    page = get(f"{backend.url}/docs").text

    assert "POST /api/events" in page
    assert "POST /api/events/bulk" in page
    assert "GET /api/media/{media_id}/video" in page
    assert "://" not in page
    assert get(f"{backend.url}/docs/openapi.json").json()["openapi"].startswith("3.")


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:99", "[::1]:8", "192.168.1.7", "Backend:8000"]
)
def test_our_own_names_are_served(backend: Backend, host: str) -> None:
    """localhost, addresses and configured names are ours."""
    assert get(f"{backend.url}/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "a@b", "["])
def test_a_foreign_name_is_refused(backend: Backend, host: str) -> None:
    """A page that points its name at us (DNS rebinding) gets nothing, and is told why."""
    answer = get(f"{backend.url}/api/events", headers={"Host": host})

    assert answer.status_code == 403
    assert "allowed_hosts" in answer.text


def test_a_foreign_name_gets_no_websocket(backend: Backend) -> None:
    """The same holds for Socket.IO."""
    client = socketio.Client(reconnection=False)

    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(backend.url, transports=["websocket"], headers={"Host": "evil.example"})


def test_a_foreign_page_cannot_post(backend: Backend) -> None:
    """A form on another site cannot make events."""
    assert post(backend, headers={"Origin": "https://evil.example"}).status_code == 403
    assert post(backend, headers={"Origin": "null"}).status_code == 403
    assert post(backend, headers={"Origin": backend.url}).status_code == 201
    assert post(backend, headers={"Origin": "https://backend"}).status_code == 200


# --- the server -------------------------------------------------------------------------


def test_the_server_says_where_it_listens(pi: Pi) -> None:
    """Port 0 takes a free port, and the notice names it."""
    (ready,) = pi.announcer.of(WebReady)

    assert ready.port > 0
    assert ready.url == pi.url


def test_a_port_in_use_is_a_configuration_error(pi: Pi) -> None:
    """The error names the port and what to do."""
    port = int(pi.url.rsplit(":", maxsplit=1)[1])
    announcer = RecordingAnnouncer()
    app = build_app(archive=FakeArchive(), hub=AlertHub(announcer=announcer), announcer=announcer)
    server = WebServer(app, host="127.0.0.1", port=port, announcer=announcer)

    with pytest.raises(ConfigurationError, match=rf"port {port} .* another program .* web\.port"):
        server.open()
    server.close()


def test_an_unknown_address_is_a_configuration_error() -> None:
    """A host that is not this machine's is named with its setting."""
    announcer = RecordingAnnouncer()
    app = build_app(archive=FakeArchive(), hub=AlertHub(announcer=announcer), announcer=announcer)
    server = WebServer(app, host="192.0.2.1", port=0, announcer=announcer)

    with pytest.raises(ConfigurationError, match=r"192\.0\.2\.1.*web\.host"):
        server.open()


def test_closing_twice_is_safe_and_ends_with_browsers_connected(browser: Browser) -> None:
    """A server closes in seconds though a browser watches, and again without harm."""
    announcer = RecordingAnnouncer()
    app = build_app(archive=FakeArchive(), hub=AlertHub(announcer=announcer), announcer=announcer)
    server = WebServer(app, host="127.0.0.1", port=0, announcer=announcer)
    server.open()
    browser.open(server.url, ["websocket"])

    began_s = time.monotonic()
    server.close()
    server.close()

    assert time.monotonic() - began_s < 5
    with pytest.raises(requests.ConnectionError):
        get(f"{server.url}/healthz")
