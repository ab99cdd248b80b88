"""A Pi's web side on a free port, and its page in a browser."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from attrs import define, evolve
from playwright.sync_api import Browser, Page, expect

from surveil_adapters.web import AlertHub, DeviceView, WebServer, build_app
from surveil_core.messages import BrowserAlert
from surveil_core.ports.archive import Archive, ClipState, EventRecord, MediaRecord
from surveil_core.ports.pins import Pins
from surveil_core.vocabulary import AlertType
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


def serve(
    archive: Archive, announcer: RecordingAnnouncer, port: int, *, pins: Pins | None = None
) -> tuple[AlertHub, WebServer]:
    """Start a web side that films motion."""
    hub = AlertHub(announcer=announcer, service="web")
    device = DeviceView(
        device_id="raspberry-1",
        location="Entrée",
        recorded_types=[AlertType.MOTION_DETECTED],
        video_within_s=30,
    )
    app = build_app(
        archive=archive, hub=hub, announcer=announcer, pins=pins, devices=[device], service="web"
    )
    server = WebServer(app, host="127.0.0.1", port=port, announcer=announcer, service="web")
    server.open()
    return hub, server


@contextmanager
def opened(
    chromium: Browser, url: str, locale: str, *, width: int = 1280, **options: Any
) -> Iterator[Page]:
    """Open the page, wait until it is connected, and check it at the end."""
    context = chromium.new_context(
        locale=locale,
        timezone_id="Europe/Paris",
        viewport={"width": width, "height": 740},
        **options,
    )
    context.set_default_timeout(DEADLINE_MS)
    expect.set_options(timeout=DEADLINE_MS)
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on(
        "request",
        lambda request: failures.append(request.url) if _is_foreign(url, request.url) else None,
    )
    page.goto(url)
    expect(page.locator("#connection")).to_have_attribute("data-state", "connected")
    yield page
    context.close()
    assert failures == []


def _is_foreign(url: str, address: str) -> bool:
    return not address.startswith((url, url.replace("http", "ws"), "blob:"))


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


def store_event(
    pi: Pi, event_id: str, *, at: datetime, clip_state: ClipState = ClipState.NONE
) -> None:
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
            clip_state=clip_state,
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
    events = pi.archive.events
    for place, event in enumerate(events):
        if event.event_id == event_id:
            events[place] = evolve(event, media_ids=[media_id], clip_state=ClipState.STORED)
