"""A video in the page's player: it plays, seeks, and is as long as its server says."""

from typing import Any

import pytest
from playwright.sync_api import Error, Page

from tests.waiting import wait_for

LIMIT_MS = 40_000
PLAYING = "at_s => { const v = document.querySelector('video'); return v && v.currentTime > at_s; }"
SEEK = "at_s => { const v = document.querySelector('video'); v.pause(); v.currentTime = at_s; }"
SOUGHT = """at_s => {
  const v = document.querySelector('video');
  return !v.seeking && v.readyState >= 2 && Math.abs(v.currentTime - at_s) < 0.01;
}"""
SHOWN_S = "() => document.querySelector('video').duration"
PLAYED = """async () => {
  const id = Number(document.querySelector('video').currentSrc.match(/media\\/(\\d+)/)[1]);
  const {media} = await (await fetch('/api/media')).json();
  return media.find(one => one.media_id === id);
}"""


def open_when_served(page: Page, address: str) -> None:
    """Open a page whose program is just starting."""
    wait_for("the page answers", lambda: _opens(page, address), within_s=20)


def assert_plays_and_seeks(page: Page, *, to_s: float) -> dict[str, Any]:
    """Play, seek and play on; return what the server knows of the video, as long as it is shown."""
    page.evaluate("() => document.querySelector('video').play()")
    page.wait_for_function(PLAYING, arg=0.5, timeout=LIMIT_MS)
    page.evaluate(SEEK, to_s)
    page.wait_for_function(SOUGHT, arg=to_s, timeout=LIMIT_MS)
    page.evaluate("() => document.querySelector('video').play()")
    page.wait_for_function(PLAYING, arg=to_s + 0.3, timeout=LIMIT_MS)
    assert page.evaluate("() => document.querySelector('video').error") is None
    played: dict[str, Any] = page.evaluate(PLAYED)
    assert page.evaluate(SHOWN_S) == pytest.approx(played["duration_s"], abs=0.2)
    return played


def _opens(page: Page, address: str) -> bool:
    try:
        page.goto(address)
    except Error:
        return False
    return True
