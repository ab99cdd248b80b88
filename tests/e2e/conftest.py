"""A real Chromium, and the page built for it."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

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
