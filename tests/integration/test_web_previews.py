"""Previews and pins over real HTTP: uvicorn on a free port, a fake archive behind it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from attrs import frozen

from surveil_adapters.web import AlertHub, WebServer, build_app
from surveil_core.ports.archive import ClipState, EventRecord, MediaRecord
from surveil_core.vocabulary import AlertType
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.archive import FakeArchive
from tests.fakes.pins import FakePins
from tests.fakes.spool import PREVIEW

DEADLINE_S = 10
NOW = datetime(2025, 1, 15, 14, 30, 45, 123456, tzinfo=UTC)
PICTURES = {"thumbnail.jpg": PREVIEW.thumbnail, "strip.jpg": PREVIEW.strip}


@frozen
class Pi:
    """A running web side with videos 1 and 2, of which 1 has a preview."""

    url: str
    archive: FakeArchive

    def ask(self, method: str, path: str, **headers: str) -> requests.Response:
        """Send a request without a body."""
        address = f"{self.url}/api/media/{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.request(method, address, headers=named, timeout=DEADLINE_S)

    def get(self, path: str, **headers: str) -> requests.Response:
        """Get what lies under `/api/media/`."""
        return self.ask("GET", path, **headers)

    def pinned(self) -> list[int]:
        """List the pinned videos, as the API tells them."""
        media = requests.get(f"{self.url}/api/media", timeout=DEADLINE_S).json()["media"]
        return [one["media_id"] for one in media if one["pinned"]]


def serve(archive: FakeArchive, **parts: Any) -> WebServer:
    """Make a web side."""
    announcer = RecordingAnnouncer()
    app = build_app(
        archive=archive, hub=AlertHub(announcer=announcer), announcer=announcer, **parts
    )
    return WebServer(app, host="127.0.0.1", port=0, announcer=announcer)


@pytest.fixture
def pi() -> Iterator[Pi]:
    """Run a Pi's web side."""
    archive = FakeArchive(previews={1: PREVIEW})
    for media_id in (1, 2):
        archive.media.append(
            MediaRecord(
                media_id=media_id,
                event_ids=["evt-1"],
                started_at_utc=NOW,
                duration_s=13.0,
                pre_roll_s=3.0,
                clip_bytes=5,
                resolution="1280x720",
                codec="h264",
                camera_number=1,
                salvaged=media_id == 2,
            )
        )
    with serve(archive, pins=FakePins(archive=archive), allowed_hosts=["cam.example"]) as server:
        yield Pi(server.url, archive)


# --- previews ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_sent(pi: Pi, name: str) -> None:
    """As a JPEG, under the address that the list of videos tells."""
    media = requests.get(f"{pi.url}/api/media", timeout=DEADLINE_S).json()["media"]
    address = media[1][name.replace(".jpg", "_url")]

    answer = requests.get(f"{pi.url}{address}", timeout=DEADLINE_S)

    assert (answer.status_code, answer.content) == (200, PICTURES[name])
    assert answer.headers["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize("name", PICTURES)
def test_a_browser_that_has_the_picture_does_not_get_it_again(pi: Pi, name: str) -> None:
    """It asks by `If-None-Match` and is answered 304; with another picture it gets this one."""
    tag = pi.get(f"1/{name}").headers["ETag"]

    known = pi.get(f"1/{name}", If_None_Match=f'"other", {tag}')
    other = pi.get(f"1/{name}", If_None_Match='"other"')

    assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", tag)
    assert (other.status_code, other.content) == (200, PICTURES[name])


def test_only_an_address_that_says_more_than_the_number_is_kept_unasked(pi: Pi) -> None:
    """A new database begins with number 1 again, and must not show the old one's pictures."""
    assert pi.get("1/thumbnail.jpg").headers["Cache-Control"] == "private, no-cache"
    lasting = pi.get("1/thumbnail.jpg?v=evt-1").headers["Cache-Control"]
    assert lasting == "private, max-age=31536000, immutable"


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("media_id", [2, 3])
def test_a_video_without_preview_is_answered_404(pi: Pi, media_id: int, name: str) -> None:
    """One of an earlier release, and one that is not there."""
    answer = pi.get(f"{media_id}/{name}")

    assert answer.status_code == 404
    assert str(media_id) in answer.json()["detail"]


@pytest.mark.parametrize("path", ["0/thumbnail.jpg", "9223372036854775808/strip.jpg"])
def test_a_number_out_of_bounds_is_answered_400(pi: Pi, path: str) -> None:
    """No video can have it."""
    assert pi.get(path).status_code == 400


def test_a_locked_database_is_answered_503(pi: Pi) -> None:
    """And not as a picture that is missing for good."""
    pi.archive.unavailable = "database is locked"

    assert pi.get("1/thumbnail.jpg").status_code == 503
    assert pi.ask("PUT", "1/pin").status_code == 503


def test_without_pins_nothing_is_written() -> None:
    """Which is said."""
    archive = FakeArchive()
    with serve(archive) as server:
        site = requests.get(f"{server.url}/api/devices", timeout=DEADLINE_S).json()
        assert site["can_pin"] is False
        for method in ("PUT", "DELETE"):
            address = f"{server.url}/api/media/1/pin"
            assert requests.request(method, address, timeout=DEADLINE_S).status_code in {404, 405}


# --- pins -------------------------------------------------------------------------------


def test_a_video_is_pinned_and_unpinned(pi: Pi) -> None:
    """Each as often as one likes, without an answer to read."""
    for _ in range(2):
        answer = pi.ask("PUT", "1/pin")
        assert (answer.status_code, answer.content) == (204, b"")
        assert pi.pinned() == [1]
    for _ in range(2):
        assert pi.ask("DELETE", "1/pin").status_code == 204
        assert pi.pinned() == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_unknown_video_is_answered_404(pi: Pi, method: str) -> None:
    """It may have gone meanwhile."""
    assert pi.ask(method, "3/pin").status_code == 404
    assert pi.ask(method, "0/pin").status_code == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "evil.example"},
    ],
)
def test_a_page_elsewhere_cannot_pin(pi: Pi, method: str, headers: dict[str, str]) -> None:
    """Nor unpin, whether its browser names its origin or only whose site it is."""
    pi.ask("PUT", "2/pin")

    assert pi.ask(method, "1/pin", **headers).status_code == 403
    assert pi.ask(method, "2/pin", **headers).status_code == 403
    assert pi.pinned() == [2]


def test_a_browser_that_asks_for_a_page_elsewhere_gets_no_leave(pi: Pi) -> None:
    """Without a word of ours it does not even send the PUT (CORS)."""
    asked = {"Origin": "https://evil.example", "Access_Control_Request_Method": "PUT"}

    answer = pi.ask("OPTIONS", "1/pin", **asked)

    assert not any(name.lower().startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://cam.example", "Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_our_own_page_and_programs_can_pin(pi: Pi, headers: dict[str, str]) -> None:
    """Programs send neither header; a proxy may stand before us."""
    assert pi.ask("PUT", "1/pin", **headers).status_code == 204
    assert pi.pinned() == [1]


def test_without_videos_there_is_nothing_to_pin(pi: Pi) -> None:
    """The backend has no such route, and does not name it."""
    with serve(FakeArchive()) as server:
        backend = Pi(server.url, FakeArchive())
        assert backend.ask("PUT", "1/pin").status_code == 404
        docs = requests.get(f"{server.url}/docs", timeout=DEADLINE_S).text
    assert "/pin" not in docs
    assert "GET /api/media/{media_id}/thumbnail.jpg" in docs


def test_the_docs_name_the_routes(pi: Pi) -> None:
    """With what they answer."""
    docs = requests.get(f"{pi.url}/docs", timeout=DEADLINE_S).text

    for route in ("GET {}/thumbnail.jpg", "GET {}/strip.jpg", "PUT {}/pin", "DELETE {}/pin"):
        assert route.format("/api/media/{media_id}") in docs


# --- what became of videos --------------------------------------------------------------


def test_events_and_videos_say_what_happened(pi: Pi) -> None:
    """Why there is no video, and what is to be known of one."""
    for cursor, state, reason in (
        (1, ClipState.AWAITED, None),
        (2, ClipState.GIVEN_UP, "deleted to make room"),
    ):
        pi.archive.events.append(
            EventRecord(
                cursor=cursor,
                event_id=f"evt-{cursor}",
                device_id="raspberry-1",
                type=AlertType.MOTION_DETECTED,
                source="PIR",
                sensor_name=None,
                location=None,
                occurred_at_utc=NOW,
                received_at_utc=NOW,
                data={},
                clip_state=state,
                no_video_reason=reason,
            )
        )

    events = requests.get(f"{pi.url}/api/events?after=0", timeout=DEADLINE_S).json()["events"]
    media = requests.get(f"{pi.url}/api/media", timeout=DEADLINE_S).json()["media"]

    told = [(event["clip_state"], event["no_video_reason"]) for event in events]
    assert told == [("awaited", None), ("given_up", "deleted to make room")]
    assert [(one["media_id"], one["salvaged"], one["pinned"]) for one in media] == [
        (2, True, False),
        (1, False, False),
    ]
