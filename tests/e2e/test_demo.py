"""The whole demo before a real Chromium: a motion, its alert, its video."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.e2e.playing import LIMIT_MS, assert_plays_and_seeks, open_when_served
from tests.rig.programs import page_address, program

PRE_ROLL_S = 1
PICTURED = "() => document.querySelector('.thumb .still')?.naturalWidth === 320"


def test_a_motion_is_seen_and_its_video_plays(chromium: Browser, tmp_path: Path) -> None:
    """A simulated motion ends as an alert in the browser and a video that begins before it."""
    settings = {
        "STORAGE__DATA_DIR": tmp_path,
        "RECORDING__DURATION_S": 3,
        "RECORDING__PRE_ROLL_S": PRE_ROLL_S,
        "CAMERA__RESOLUTION": "640x360",
    }
    with program("apps.edge", "--demo", settings=settings) as edge:
        context = chromium.new_context(locale="fr-FR")
        page = context.new_page()
        open_when_served(page, page_address(edge))
        watch = page.get_by_text("Voir la vidéo").first
        expect(page.get_by_text("Mouvement détecté").first).to_be_visible(timeout=LIMIT_MS)
        expect(watch).to_be_visible(timeout=LIMIT_MS)
        page.wait_for_function(PICTURED, timeout=LIMIT_MS)
        watch.click()
        played = assert_plays_and_seeks(page, to_s=2.5)
        assert played["pre_roll_s"] >= PRE_ROLL_S
        context.close()
        assert edge.stop() == 0, edge.output
