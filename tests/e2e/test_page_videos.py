"""What the page shows of videos before they are played, and of those that are not there.

Behind it a real `surveillance.db`, with previews of a real clip.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve, frozen
from playwright.sync_api import Browser, Locator, Page, expect

from surveil_adapters.libav.previews import PreviewSizes, make_preview
from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_adapters.sqlite.clip_jobs import SqliteClipJobs
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.file_media_store import FileMediaStore
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.pins import SqlitePins
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_adapters.sqlite.video_stock import SqliteVideoStock
from surveil_adapters.web import WebServer
from surveil_core.ports.preview import ClipPreview
from tests.contracts.clip_jobs import film
from tests.e2e.site import CLIP_S, opened, serve, wait_until
from tests.examples import SENSORS, clip_of
from tests.fakes.announcer import RecordingAnnouncer

NO_CAMERA = "v4l2:/dev/video0 gave no picture for 5 s"
(WHOLE, SALVAGED, WITHOUT_PREVIEW, DELETED, NOT_FILMED, AWAITED) = range(6)
"""The places of the events in the list, which has the newest first."""


SIZES = PreviewSizes(thumbnail_width=320, strip_pictures=6, strip_picture_width=160)


@frozen
class Site:
    """A web side on a real database."""

    server: WebServer
    db: SurveillanceDb


def fill(db: SurveillanceDb, folder: Path, video: bytes) -> None:
    """Store six events, the newest last, whose videos fared differently; the last is a file."""
    clip = evolve(clip_of(folder / "clip.mp4", video), duration_s=CLIP_S, pre_roll_s=3.0)
    thumbnail, strip = make_preview(str(clip.video_path), SIZES, trigger_s=3.0, duration_s=CLIP_S)
    preview = ClipPreview(thumbnail=thumbnail, strip=strip)
    with (
        closing(SqliteEventStore(db)) as events,
        closing(SqliteMediaStore(db)) as media,
        closing(FileMediaStore(db)) as files,
        closing(SqliteVideoStock(db)) as stock,
    ):
        events.add_events([film(60 * number) for number in range(1, 7)])
        media.add_clip(clip, event_row_ids=[3], preview=preview)
        stock.give_up([1], reason="deleted to make room")
        media.add_clip(clip, event_row_ids=[4])
        late = evolve(clip, salvaged=True, pre_roll_s=0, start_delay_s=1.31, missing_s=4)
        media.add_clip(late, event_row_ids=[5], preview=preview)
        files.add_clip(clip, event_row_ids=[6], preview=preview)
    SqliteClipJobs(db).give_up([2], reason=NO_CAMERA)


@pytest.fixture
def site(tmp_path: Path, clip: bytes) -> Iterator[Site]:
    """Run a web side on a database with six events."""
    db = SurveillanceDb(path=tmp_path / "surveillance.db", sensors=SENSORS)
    fill(db, tmp_path, clip)
    _, server = serve(SqliteArchive(db.path), RecordingAnnouncer(), 0, pins=SqlitePins(db))
    yield Site(server, db)
    server.close()


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """Open the page in English."""
    with opened(chromium, site.server.url, "en-GB") as page:
        expect(page.locator("button.event")).to_have_count(6)
        yield page


def row(page: Page, place: int) -> Locator:
    """Find an event in the list."""
    return page.locator("button.event").nth(place)


def wait_for_picture(page: Page, selector: str, *, width: int) -> None:
    """Wait until a picture is there and so many pixels wide."""
    wait_until(page, f"document.querySelector('{selector}')?.naturalWidth === {width}")


def point_at(page: Page, thumbnail: Locator, part: float) -> None:
    """Move the pointer to a part of a picture, from 0 on the left to 1."""
    box = thumbnail.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + part * box["width"], box["y"] + box["height"] / 2)


def test_the_list_shows_a_picture_of_each_video(page: Page) -> None:
    """It loads, says what it is, and its place is kept before it is there."""
    wait_for_picture(page, ".thumb .still", width=320)
    still = row(page, WHOLE).locator("img.still")
    expect(still).to_have_attribute("alt", "The picture when it happened")
    for name, value in (("loading", "lazy"), ("width", "320"), ("height", "180")):
        expect(still).to_have_attribute(name, value)
    boxes = [row(page, place).locator(".thumb").bounding_box() for place in (WHOLE, DELETED)]
    assert [(box["width"], box["height"]) for box in boxes if box] == [(112, 63)] * 2


def test_a_video_of_an_earlier_release_has_an_empty_frame(page: Page) -> None:
    """It plays like the others, without pictures beside the player."""
    thumbnail = row(page, WITHOUT_PREVIEW).locator(".thumb")
    expect(thumbnail).to_have_class("thumb missing")
    expect(thumbnail.locator(".still")).to_be_hidden()
    row(page, WITHOUT_PREVIEW).click()
    wait_until(page, "document.querySelector('video').currentTime > 0.1")
    expect(page.locator(".strip")).to_be_hidden()


def test_a_picture_that_cannot_be_had_at_first_comes_later(page: Page, site: Site) -> None:
    """A database that is locked for a moment leaves no empty frame for good."""
    page.route("**/thumbnail.jpg*", lambda route: route.fulfill(status=503))
    page.reload()
    expect(row(page, WHOLE).locator(".thumb")).to_have_class("thumb missing")
    page.unroute("**/thumbnail.jpg*")
    expect(row(page, WHOLE).locator(".thumb")).to_have_class("thumb")
    expect(row(page, WHOLE).locator(".still")).to_be_visible()


def test_events_are_seen_without_what_is_known_of_videos(page: Page) -> None:
    """However long `/api/media` fails; the videos play, and what is known of them comes later."""
    page.route("**/api/media?*", lambda route: route.fulfill(status=500))
    page.reload()
    expect(page.locator("button.event")).to_have_count(6)
    row(page, WHOLE).click()
    wait_until(page, "document.querySelector('video').currentTime > 0.1")
    page.unroute("**/api/media?*")
    expect(page.locator("button.pin")).to_be_visible()


def test_a_pointer_goes_through_the_video(page: Page) -> None:
    """From its first to its last picture, and back to the instant of the event on leaving."""
    thumbnail = row(page, WHOLE).locator(".thumb")
    window = thumbnail.locator(".window")
    for part, picture in ((0.05, "0"), (0.6, "3"), (0.98, "5")):
        point_at(page, thumbnail, part)
        expect(thumbnail).to_have_attribute("data-picture", picture)
        expect(window).to_be_visible()
    wait_for_picture(page, ".thumb .window img", width=960)
    page.mouse.move(5, 5)
    expect(window).to_be_hidden()


def test_the_arrow_keys_go_through_the_video(page: Page) -> None:
    """By step and not beyond its ends; leaving the row ends it."""
    thumbnail = row(page, WHOLE).locator(".thumb")
    row(page, WHOLE).focus()
    for key, picture in (("ArrowRight", "0"), ("ArrowRight", "1"), ("ArrowLeft", "0")):
        page.keyboard.press(key)
        expect(thumbnail).to_have_attribute("data-picture", picture)
    page.keyboard.press("ArrowLeft")
    expect(thumbnail).to_have_attribute("data-picture", "0")
    expect(thumbnail.locator(".window")).to_be_visible()
    page.keyboard.press("Tab")
    expect(thumbnail.locator(".window")).to_be_hidden()


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_the_focus_shows_the_video_unless_motion_is_unwanted(
    chromium: Browser, site: Site, motion: str, moves: bool
) -> None:
    """Coming to a row by the keyboard plays its pictures once."""
    with opened(chromium, site.server.url, "en-GB", reduced_motion=motion) as page:
        expect(page.locator("button.event")).to_have_count(6)
        page.locator("#events").focus()
        page.keyboard.press("Tab")
        expect(row(page, WHOLE)).to_be_focused()
        expect(row(page, WHOLE).locator(".window.ready")).to_have_count(1)
        played = "document.querySelector('.thumb .window img').getAnimations().length > 0"
        assert page.evaluate(played) is moves


def test_a_finger_goes_through_the_video(chromium: Browser, site: Site) -> None:
    """On a narrow telephone; nothing is selected by it."""
    with opened(chromium, site.server.url, "fr-FR", width=360, has_touch=True) as page:
        thumbnail = row(page, WHOLE).locator(".thumb")
        thumbnail.scroll_into_view_if_needed()
        box = thumbnail.bounding_box()
        assert box is not None
        touch = page.context.new_cdp_session(page)
        y = box["y"] + box["height"] / 2
        for kind, part in (("touchStart", 0.1), ("touchMove", 0.5), ("touchMove", 0.9)):
            points = [{"x": box["x"] + part * box["width"], "y": y}]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        expect(thumbnail).to_have_attribute("data-picture", "5")
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        expect(thumbnail.locator(".window")).to_be_hidden()
        expect(page.locator("video")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_player_shows_the_video_at_a_glance(page: Page) -> None:
    """The picture of the event first; each of six pictures goes to its part of the video."""
    row(page, WHOLE).click()
    poster = page.locator("video").get_attribute("poster")
    assert poster is not None
    assert "/thumbnail.jpg?v=evt-" in poster
    parts = page.locator(".strip button")
    expect(parts).to_have_count(6)
    expect(page.locator(".part .window.ready")).to_have_count(6)
    expect(parts.nth(4)).to_have_attribute("aria-label", "Go to 4 s")
    parts.nth(4).focus()
    page.keyboard.press("Enter")
    wait_until(page, "(v => !v.seeking && v.currentTime > 4.1)(document.querySelector('video'))")


def test_a_pin_is_set_and_removed_for_good(page: Page, site: Site) -> None:
    """The button says so, the list too, and it is there after a reload."""
    pin = page.get_by_role("button", name="Keep this video")
    for pressed, kept in (("true", 1), ("false", 0)):
        row(page, WHOLE).click()
        pin.click()
        expect(pin).to_have_attribute("aria-pressed", pressed)
        expect(pin).to_be_focused()
        page.reload()
        expect(row(page, WHOLE).locator(".tag.kept")).to_have_count(kept)
        row(page, WHOLE).click()
        expect(pin).to_have_attribute("aria-pressed", pressed)
        with closing(SqliteVideoStock(site.db)) as stock:
            assert [v.is_pinned for v in stock.oldest_first()] == [False, False, kept == 1]


def test_where_the_server_takes_no_pins_there_is_no_button(chromium: Browser, site: Site) -> None:
    """The video is described all the same."""
    _, server = serve(SqliteArchive(site.db.path), RecordingAnnouncer(), 0)
    try:
        with opened(chromium, server.url, "en-GB") as page:
            row(page, WHOLE).click()
            expect(page.locator(".facts")).to_contain_text("before the event")
            expect(page.locator("button.pin")).to_be_hidden()
    finally:
        server.close()


def test_a_pin_that_fails_is_told(page: Page, site: Site) -> None:
    """The button stays as it was."""
    row(page, WHOLE).click()
    pin = page.get_by_role("button", name="Keep this video")
    expect(pin).to_have_attribute("aria-pressed", "false")
    site.server.close()
    pin.click()
    expect(page.locator("#stage-note")).to_contain_text("That did not work")
    expect(pin).to_have_attribute("aria-pressed", "false")


def test_a_video_says_what_it_lacks(page: Page) -> None:
    """A lost end in the list and beside the player, a late start and gaps there; or nothing."""
    expect(row(page, SALVAGED).locator(".tag")).to_have_text("its end may be missing")
    row(page, SALVAGED).click()
    expect(page.locator("#stage-note")).to_contain_text("its end may be missing")
    expect(page.locator("#stage-note")).to_contain_text("A part was not filmed: 4 s")
    expect(page.locator(".facts")).to_contain_text("(begins 1.3 s after the event)")
    row(page, WHOLE).click()
    expect(page.locator(".facts")).to_contain_text("(3 s before the event) · Caméra 1 · ")
    expect(page.locator("#stage-note")).to_be_hidden()


def test_an_event_without_video_says_why(page: Page) -> None:
    """In the list, and on the stage when it is selected."""
    for place, text in (
        (DELETED, "No video: deleted to make room"),
        (NOT_FILMED, f"No video: {NO_CAMERA}"),
        (AWAITED, "The video is still to come"),
    ):
        expect(row(page, place).locator(".state")).to_have_text(text)
        row(page, place).click()
        expect(page.locator("#screen")).to_have_text(text)


def test_the_reason_is_told_in_french(chromium: Browser, site: Site) -> None:
    """What is always worded alike is translated; all fits into 360 px."""
    with opened(chromium, site.server.url, "fr-FR", width=360) as page:
        expect(row(page, DELETED)).to_contain_text("Sans vidéo : effacée pour faire de la place")
        expect(row(page, AWAITED)).to_contain_text("La vidéo est encore à venir")
        row(page, SALVAGED).click()
        expect(page.locator("#stage-note")).to_contain_text("sa fin peut manquer")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_video_that_comes_later_is_found_when_selected(
    page: Page, site: Site, tmp_path: Path, clip: bytes
) -> None:
    """Long after the page has stopped asking for it."""
    expect(row(page, AWAITED).locator(".state")).to_have_text("The video is still to come")
    with closing(SqliteMediaStore(site.db)) as media:
        media.add_clip(clip_of(tmp_path / "late.mp4", clip), event_row_ids=[1])
    row(page, AWAITED).click()
    expect(row(page, AWAITED).locator(".state")).to_have_text("Watch the video")
    expect(page.locator("video")).to_have_count(1)
