"""A real Chromium, and the page built for it."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.clips import make_mp4
from tests.e2e.site import CLIP_S, Pi, opened, serve
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.archive import FakeArchive
from tools import build_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM_ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session", autouse=True)
def built_page() -> None:
    """Build the page unless it is up to date."""
    assert build_page.main([]) == 0


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start a Chromium."""
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH; run: sudo apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
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
    with opened(chromium, pi.server.url, "en-GB") as page:
        yield page


@pytest.fixture
def french_page(chromium: Browser, pi: Pi) -> Iterator[Page]:
    """Open the page in French, on a narrow telephone."""
    with opened(chromium, pi.server.url, "fr-FR", width=360) as page:
        yield page
