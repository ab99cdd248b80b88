"""The page in a real Chromium, before a real server: alerts come, videos play and seek.

Needs Debian's or Raspberry Pi OS's `chromium`; the page is built first when it is not.
"""

from datetime import UTC, datetime, timedelta

from attrs import evolve
from playwright.sync_api import Page, expect

from surveil_core.ports.archive import ClipState
from surveil_core.vocabulary import AlertType
from tests.e2e.site import CLIP_S, Pi, an_alert, store_clip, store_event, wait_until


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

    store_event(pi, "evt-1", at=datetime.now(UTC), clip_state=ClipState.AWAITED)
    store_clip(pi, "evt-1", clip)
    expect(row.locator(".state")).to_have_text("Watch the video")
    expect(page.locator("video")).to_have_count(1)


def test_an_event_that_is_stored_late_is_followed(page: Page, pi: Pi, clip: bytes) -> None:
    """A database that was locked when its alert came costs neither its sensor nor its video."""
    with page.expect_response("**/api/events?after=*"):
        pi.hub.emit(an_alert("evt-1"))
    row = page.locator("button.event")
    expect(row.locator(".state")).to_have_text("Recording…")

    store_event(pi, "evt-1", at=datetime.now(UTC), clip_state=ClipState.AWAITED)
    expect(row).to_contain_text("PIR Entrée")
    store_clip(pi, "evt-1", clip)
    expect(row.locator(".state")).to_have_text("Watch the video")


def test_an_event_whose_video_is_given_up_says_why(page: Page, pi: Pi) -> None:
    """As soon as it is known, in the list and on the stage."""
    store_event(pi, "evt-1", at=datetime.now(UTC), clip_state=ClipState.AWAITED)
    pi.hub.emit(an_alert("evt-1"))
    state = page.locator("button.event .state")
    expect(state).to_have_text("Recording…")

    given_up = ClipState.GIVEN_UP
    pi.archive.events = [
        evolve(event, clip_state=given_up, no_video_reason="the camera gave no picture")
        for event in pi.archive.events
    ]

    expect(state).to_have_text("No video: the camera gave no picture")
    expect(page.locator("#screen")).to_have_text("No video: the camera gave no picture")


def test_a_video_plays_and_seeks(page: Page, pi: Pi, clip: bytes) -> None:
    """Time advances, a seek lands where it was asked to, and there is no media error."""
    store_event(pi, "evt-1", at=datetime.now(UTC))
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
