"""The page in a real Chromium, before a real server: alerts come, videos play and seek.

Needs Debian's or Raspberry Pi OS's `chromium`; the page is built first when it is not.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from attrs import define
from playwright.sync_api import Browser, Page, expect

from surveil_adapters.web import AlertHub, DeviceView, WebServer, build_app
from surveil_core.messages import BrowserAlert
from surveil_core.ports.archive import EventRecord, MediaRecord
from surveil_core.vocabulary import AlertType
from tests.clips import make_mp4
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.archive import FakeArchive

DEADLINE_MS = 15_000
CLIP_S = 6


@define
class Pi:
    """A Pi's web side whose archive and alerts the test plays."""

    archive: FakeArchive
    hub: AlertHub
    announcer: RecordingAnnouncer
    server: WebServer

    def restart(self) -> None:
        """Stop, and serve again on the same port."""
        self.server.close()
        self.hub, self.server = serve(self.archive, self.announcer, self.server.port)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Film a few seconds."""
    folder = tmp_path_factory.mktemp("clip")
    return make_mp4(folder, duration_s=CLIP_S, size="640x360").read_bytes()


@pytest.fixture
def pi() -> Iterator[Pi]:
    """Run a Pi's web side on a free port."""
    archive, announcer = FakeArchive(), RecordingAnnouncer()
    hub, server = serve(archive, announcer, 0)
    running = Pi(archive, hub, announcer, server)
    yield running
    running.server.close()


@pytest.fixture
def page(chromium: Browser, pi: Pi) -> Iterator[Page]:
    """Open the page in English, and demand that it has no error."""
    yield from open_page(chromium, pi, "en-GB")


@pytest.fixture
def french_page(chromium: Browser, pi: Pi) -> Iterator[Page]:
    """Open the page in French, on a narrow telephone."""
    yield from open_page(chromium, pi, "fr-FR", width=360)


def serve(
    archive: FakeArchive, announcer: RecordingAnnouncer, port: int
) -> tuple[AlertHub, WebServer]:
    """Start a web side that films motion."""
    hub = AlertHub(announcer=announcer, service="web")
    device = DeviceView(
        device_id="raspberry-1",
        location="Entrée",
        recorded_types=[AlertType.MOTION_DETECTED],
        video_within_s=30,
    )
    app = build_app(archive=archive, hub=hub, announcer=announcer, devices=[device], service="web")
    server = WebServer(app, host="127.0.0.1", port=port, announcer=announcer, service="web")
    server.open()
    return hub, server


def open_page(chromium: Browser, pi: Pi, locale: str, width: int = 1280) -> Iterator[Page]:
    """Open the page, wait until it is connected, and check it at the end."""
    context = chromium.new_context(
        locale=locale, timezone_id="Europe/Paris", viewport={"width": width, "height": 740}
    )
    context.set_default_timeout(DEADLINE_MS)
    expect.set_options(timeout=DEADLINE_MS)
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on(
        "request",
        lambda request: failures.append(request.url) if _is_foreign(pi, request.url) else None,
    )
    page.goto(pi.server.url)
    expect(page.locator("#connection")).to_have_attribute("data-state", "connected")
    yield page
    context.close()
    assert failures == []


def _is_foreign(pi: Pi, address: str) -> bool:
    return not address.startswith((pi.server.url, pi.server.url.replace("http", "ws"), "blob:"))


def wait_until(page: Page, expression: str) -> None:
    """Wait until an expression holds (Playwright's own way needs `eval`, which the CSP denies)."""
    deadline_s = time.monotonic() + DEADLINE_MS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline_s, f"not so in time: {expression}"
        page.wait_for_timeout(50)


def an_alert(event_id: str, kind: AlertType = AlertType.MOTION_DETECTED) -> BrowserAlert:
    """Make an alert of now."""
    return BrowserAlert(
        type=kind,
        device_id="raspberry-1",
        alerted_at_utc=datetime.now(UTC),
        location="Entrée",
        event_id=event_id,
        source="PIR",
    )


def store_event(pi: Pi, event_id: str, *, at: datetime, media_ids: tuple[int, ...] = ()) -> None:
    """Put a motion event into the archive."""
    pi.archive.events.append(
        EventRecord(
            cursor=len(pi.archive.events) + 1,
            event_id=event_id,
            device_id="raspberry-1",
            type=AlertType.MOTION_DETECTED,
            source="PIR",
            sensor_name="PIR Entrée",
            location="Entrée",
            occurred_at_utc=at,
            received_at_utc=at,
            data={},
            media_ids=media_ids,
        )
    )


def store_clip(pi: Pi, event_id: str, clip: bytes) -> None:
    """Put a video of an event into the archive."""
    media_id = len(pi.archive.media) + 1
    pi.archive.videos[media_id] = clip
    pi.archive.media.append(
        MediaRecord(
            media_id=media_id,
            event_ids=[event_id],
            started_at_utc=datetime.now(UTC),
            duration_s=CLIP_S,
            pre_roll_s=3.0,
            clip_bytes=len(clip),
            resolution="640x360",
            codec="h264",
            camera_number=1,
        )
    )


def test_an_empty_page_says_so(page: Page) -> None:
    """A page without events says that it waits, and that it is connected."""
    expect(page.locator("#connection")).to_have_text("Live")
    expect(page.locator("#empty")).to_contain_text("Nothing yet")


def test_an_alert_appears_and_its_video_follows(page: Page, pi: Pi, clip: bytes) -> None:
    """An alert is shown at once as being recorded, and its video plays when it is there."""
    pi.hub.emit(an_alert("evt-1"))

    row = page.locator("button.event")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Motion detected")
    expect(row).to_contain_text("Entrée")
    expect(row.locator(".state")).to_have_text("Recording…")
    expect(page.locator("#announcement")).to_contain_text("Motion detected")

    store_event(pi, "evt-1", at=datetime.now(UTC))
    store_clip(pi, "evt-1", clip)
    expect(row.locator(".state")).to_have_text("Watch the video")
    expect(page.locator("video")).to_have_count(1)


def test_a_video_plays_and_seeks(page: Page, pi: Pi, clip: bytes) -> None:
    """Time advances, a seek lands where it was asked to, and there is no media error."""
    store_event(pi, "evt-1", at=datetime.now(UTC), media_ids=(1,))
    store_clip(pi, "evt-1", clip)
    page.reload()
    page.locator("button.event").click()

    wait_until(page, "document.querySelector('video').currentTime > 0.3")
    page.evaluate("document.querySelector('video').currentTime = 4")
    wait_until(page, "(v => !v.seeking && v.currentTime > 4.2)(document.querySelector('video'))")
    state = page.evaluate(
        "(v => [v.error, Math.round(v.duration), v.videoWidth])(document.querySelector('video'))"
    )
    assert state == [None, CLIP_S, 640]


def test_an_event_is_shown_once(page: Page, pi: Pi) -> None:
    """An alert that comes twice, and then from the archive, is one row."""
    pi.hub.emit(an_alert("evt-1"))
    pi.hub.emit(an_alert("evt-1"))
    store_event(pi, "evt-1", at=datetime.now(UTC))
    pi.hub.emit(an_alert("evt-2", AlertType.BUTTON_PRESSED))

    expect(page.locator("button.event")).to_have_count(2)
    expect(page.locator("button.event").last).to_contain_text("PIR Entrée")
    expect(page.locator("button.event").first).to_contain_text("Press detected")
    expect(page.locator("button.event").first.locator(".state")).to_have_text("No video")


def test_what_happened_while_away_is_shown_after_a_reconnect(page: Page, pi: Pi) -> None:
    """The page says that it is cut off, comes back by itself and asks for what it missed."""
    pi.server.close()
    expect(page.locator("#connection")).to_have_attribute("data-state", "lost")
    store_event(pi, "evt-missed", at=datetime.now(UTC))

    pi.restart()

    expect(page.locator("#connection")).to_have_attribute("data-state", "connected")
    expect(page.locator("button.event")).to_have_count(1)


def test_times_are_in_the_viewers_zone_newest_first(french_page: Page, pi: Pi) -> None:
    """An event of 12:00 UTC is one of 13:00 in Paris, in French; all fits into 360 px."""
    noon = datetime(2025, 1, 15, 12, 0, tzinfo=UTC)
    store_event(pi, "evt-1", at=noon)
    store_event(pi, "evt-2", at=noon + timedelta(minutes=5))
    french_page.reload()

    times = french_page.locator("time")
    expect(times).to_have_text(["13:05:00", "13:00:00"])
    expect(french_page.locator("button.event").first).to_contain_text("Mouvement détecté")
    expect(french_page.locator("li.day")).to_have_text("mercredi 15 janvier")
    assert french_page.evaluate("document.documentElement.scrollWidth") <= 360
    assert french_page.evaluate("document.documentElement.lang") == "fr"


def test_the_keyboard_reaches_an_event(page: Page, pi: Pi) -> None:
    """Enter on a focused event selects it, and it keeps the focus when the list changes."""
    store_event(pi, "evt-1", at=datetime(2025, 1, 15, tzinfo=UTC))
    page.reload()
    row = page.locator("button.event").last
    row.focus()
    page.keyboard.press("Enter")
    pi.hub.emit(an_alert("evt-2"))

    expect(page.locator("button.event")).to_have_count(2)
    expect(row).to_be_focused()
