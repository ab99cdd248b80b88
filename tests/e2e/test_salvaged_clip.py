"""A recorder killed in mid-clip: what it filmed plays in a real Chromium, and says what it is."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.playing import LIMIT_MS, assert_plays_and_seeks, open_when_served
from tests.rig.camera import decode, probe
from tests.rig.programs import Program, page_address, program
from tests.waiting import wait_for

PRE_ROLL_S, FILMED_S, CLIP_S, FPS = 1, 4, 20, 15
WORDS = {
    "fr-FR": ("sa fin peut manquer", "Une coupure a interrompu cette vidéo", "avant l’événement"),
    "en-GB": ("its end may be missing", "cut off by a failure", "before the event"),
}
"""In the list, beside the player, and of its beginning."""
SOURCE = "() => document.querySelector('video').currentSrc"


@pytest.fixture
def settings(tmp_path: Path) -> Mapping[str, object]:
    """Film simulated motions for so long that a clip is in hand for some time."""
    return {
        "STORAGE__DATA_DIR": tmp_path,
        "RECORDING__DURATION_S": CLIP_S,
        "RECORDING__PRE_ROLL_S": PRE_ROLL_S,
        "CAMERA__RESOLUTION": "640x360",
        "CAMERA__FPS": FPS,
    }


def recorder(settings: Mapping[str, object]) -> AbstractContextManager[Program]:
    """Run the recorder with what makes its events and what shows its videos."""
    return program("apps.edge", "--demo", "run", "sensor", "surveillance", "web", settings=settings)


def kill_in_mid_clip(edge: Program, spool: Path) -> None:
    """End it without a word, once it has filmed a while beyond the trigger."""
    edge.wait_for_text("Démarrage enregistrement", within_s=40)
    filmed = FPS * (PRE_ROLL_S + FILMED_S)
    wait_for("a part of the clip", lambda: pictures_in(spool) > filmed, within_s=20)
    edge.process.kill()
    edge.process.wait(10)
    assert sorted(path.suffix for path in spool.iterdir()) == [".h264", ".index"]


def pictures_in(spool: Path) -> int:
    """Count what the index of the clip in hand names, about."""
    return sum(len(path.read_bytes().splitlines()) for path in spool.glob("*.index"))


def test_a_salvaged_clip_plays_in_a_browser(
    chromium: Browser, settings: Mapping[str, object], tmp_path: Path
) -> None:
    """With seeking, as long as it is told to be, from before its event on, and marked."""
    with recorder(settings) as edge:
        kill_in_mid_clip(edge, tmp_path / "spool")
    with recorder(settings) as edge:
        edge.wait_for_text("Vidéo écourtée pour ")
        pages = {locale: opened(chromium, edge, locale) for locale in WORDS}
        played = [show(page, *WORDS[locale]) for locale, page in pages.items()]
        assert played[0] == played[1]
        assert_begins_before_its_event(pages["fr-FR"], played[0])
        assert_file_is_whole(pages["fr-FR"], played[0], tmp_path / "salvaged.mp4")
        for page in pages.values():
            page.context.close()
        assert edge.stop() == 0, edge.output


def opened(chromium: Browser, edge: Program, locale: str) -> Page:
    """Open the page in a language."""
    page = chromium.new_context(locale=locale).new_page()
    open_when_served(page, page_address(edge))
    return page


def show(page: Page, in_list: str, beside: str, beginning: str) -> dict[str, Any]:
    """Play the clip that is marked; return what the server knows of it."""
    row = page.locator("button.event", has=page.locator(".tag.cut"))
    expect(row).to_have_count(1, timeout=LIMIT_MS)
    expect(row.locator(".tag.cut")).to_have_text(in_list)
    row.click()
    played = assert_plays_and_seeks(page, to_s=2.5)
    expect(page.locator("#stage-note")).to_contain_text(beside)
    expect(page.locator(".facts")).to_contain_text(beginning)
    assert played["salvaged"]
    return played


def assert_begins_before_its_event(page: Page, played: dict[str, Any]) -> None:
    """By its own figure, and by the times of both."""
    events = page.evaluate("async () => (await (await fetch('/api/events')).json()).events")
    [event] = [one for one in events if one["event_id"] in played["event_ids"]]
    began, happened = (
        datetime.fromisoformat(text) for text in (played["started_at"], event["occurred_at"])
    )
    assert played["pre_roll_s"] >= PRE_ROLL_S
    assert (happened - began).total_seconds() >= PRE_ROLL_S - 0.2
    assert played["duration_s"] > played["pre_roll_s"] + FILMED_S - 1


def assert_file_is_whole(page: Page, played: dict[str, Any], path: Path) -> None:
    """Every picture decodes, and ffprobe finds it as long as the server says."""
    path.write_bytes(page.request.get(page.evaluate(SOURCE)).body())
    decode(path)
    assert float(probe(path)["duration"]) == pytest.approx(played["duration_s"], abs=0.2)
