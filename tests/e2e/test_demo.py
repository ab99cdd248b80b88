"""The whole demo before a real Chromium: a motion, its alert, its video."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.rig.programs import program
from tests.waiting import wait_for

LIMIT_MS = 40_000
PRE_ROLL_S = 1
PICTURED = "() => document.querySelector('.thumb .still')?.naturalWidth === 320"
PLAYING = "() => { const v = document.querySelector('video'); return v && v.currentTime > 0.5; }"
SOUGHT_S = 2.5
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


def test_a_motion_is_seen_and_its_video_plays(chromium: Browser, tmp_path: Path) -> None:
    """A simulated motion ends as an alert in the browser and a video that begins before it."""
    settings = {
        "STORAGE__DATA_DIR": tmp_path,
        "RECORDING__DURATION_S": 3,
        "RECORDING__PRE_ROLL_S": PRE_ROLL_S,
        "CAMERA__RESOLUTION": "640x360",
    }
    with program("apps.edge", "--demo", settings=settings) as edge:
        edge.wait_for_text("   Page:", within_s=30)
        (address,) = {line.split()[-1] for line in edge.lines if line.startswith("   Page:")}
        context = chromium.new_context(locale="fr-FR")
        page = context.new_page()
        wait_for("the page answers", lambda: _opens(page, address), within_s=20)
        watch = page.get_by_text("Voir la vidéo").first
        expect(page.get_by_text("Mouvement détecté").first).to_be_visible(timeout=LIMIT_MS)
        expect(watch).to_be_visible(timeout=LIMIT_MS)
        page.wait_for_function(PICTURED, timeout=LIMIT_MS)
        watch.click()
        page.evaluate("() => document.querySelector('video').play()")
        page.wait_for_function(PLAYING, timeout=LIMIT_MS)
        page.evaluate(SEEK, SOUGHT_S)
        page.wait_for_function(SOUGHT, arg=SOUGHT_S, timeout=LIMIT_MS)
        assert page.evaluate("() => document.querySelector('video').error") is None
        played = page.evaluate(PLAYED)
        assert played["pre_roll_s"] >= PRE_ROLL_S
        assert page.evaluate(SHOWN_S) == pytest.approx(played["duration_s"], abs=0.2)
        context.close()
        assert edge.stop() == 0, edge.output


def _opens(page: Page, address: str) -> bool:
    try:
        page.goto(address)
    except Error:
        return False
    return True
