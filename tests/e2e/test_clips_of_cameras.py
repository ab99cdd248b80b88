"""Clips as cameras give them, not as an encoder of ours would: in a real Chromium.

Each is filmed for a moment, goes through the spool and is stored by the program's own adapters.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from playwright.sync_api import Browser, Response

from surveil_adapters.camera import candidates_for
from surveil_adapters.clock import SystemClock
from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.file_media_store import FileMediaStore
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_adapters.web import WebServer
from surveil_core.ports.camera import Clip
from surveil_core.video import GAP_S
from tests.clips import make_annex_b, make_mp4
from tests.contracts.clip_jobs import film
from tests.contracts.video_source import read_for
from tests.e2e.playing import LIMIT_MS, assert_plays_and_seeks
from tests.e2e.site import opened, serve
from tests.examples import SENSORS
from tests.fakes.announcer import RecordingAnnouncer
from tests.rig.camera import FORMAT, describe_clip
from tests.rig.rtsp_server import MOUNT, rtsp_server

WITH_A_GAP, COPIED, IN_A_FILE = range(3)
"""The places of the clips' events in the list, which has the newest first."""

BEFORE_THE_GAP_S = 1.2
FILMED_S = 2.4
HIGH_PROFILE = b"avcC\x01\x64"
"""How an MP4 says so (ISO/IEC 14496-15, decoder configuration record)."""
SHOWN_TO_THE_END = """() => {
  const v = document.querySelector('video');
  return v.ended && !v.error && Math.abs(v.currentTime - v.duration) < 0.1;
}"""


def film_with_a_gap(folder: Path) -> Clip:
    """Lose the camera in mid-clip for a while, and open it again."""
    [source] = candidates_for("synthetic", FORMAT, SystemClock(Event()))
    with closing(source):
        source.open()
        units = read_for(source, BEFORE_THE_GAP_S)
        source.close()
        time.sleep(2 * GAP_S)
        source.open()
        units += read_for(source, FILMED_S - BEFORE_THE_GAP_S)
    return describe_clip(units, folder)


def film_a_network_camera(folder: Path) -> Clip:
    """Copy the pictures of one that encodes by itself: High profile, CABAC."""
    mp4 = make_mp4(folder, duration_s=5, preset="medium")
    with rtsp_server(make_annex_b(folder, mp4.read_bytes())) as (port, _):
        [source] = candidates_for(f"rtsp://127.0.0.1:{port}{MOUNT}", FORMAT, SystemClock(Event()))
        with closing(source):
            source.open()
            units = read_for(source, FILMED_S)
    return describe_clip(units, folder)


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """Film both at once: one with a gap, one copied."""
    folders = [tmp_path_factory.mktemp("with-a-gap"), tmp_path_factory.mktemp("copied")]
    with ThreadPoolExecutor(len(folders)) as pool:
        films = (film_with_a_gap, film_a_network_camera)
        return list(pool.map(lambda film, folder: film(folder), films, folders))


@pytest.fixture(scope="module")
def server(filmed: list[Clip], tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """Serve both clips from the database, and the copied one once more from a file."""
    db = SurveillanceDb(path=tmp_path_factory.mktemp("site") / "surveillance.db", sensors=SENSORS)
    with_a_gap, copied = filmed
    with (
        closing(SqliteEventStore(db)) as events,
        closing(SqliteMediaStore(db)) as database,
        closing(FileMediaStore(db)) as files,
    ):
        events.add_events([film(60 * number) for number in (1, 2, 3)])
        files.add_clip(copied, event_row_ids=[1])
        database.add_clip(copied, event_row_ids=[2])
        database.add_clip(with_a_gap, event_row_ids=[3])
    _, server = serve(SqliteArchive(db.path), RecordingAnnouncer(), 0)
    yield server
    server.close()


def test_the_clips_are_what_they_are_called(filmed: list[Clip]) -> None:
    """Else a browser that plays them would say little."""
    with_a_gap, copied = filmed
    assert GAP_S < with_a_gap.missing_s < with_a_gap.duration_s - BEFORE_THE_GAP_S
    assert HIGH_PROFILE in copied.video_path.read_bytes()
    assert HIGH_PROFILE not in with_a_gap.video_path.read_bytes()


@pytest.mark.parametrize(
    "place", [WITH_A_GAP, COPIED, IN_A_FILE], ids=["with-a-gap", "copied", "in-a-file"]
)
def test_a_clip_of_a_camera_plays_in_a_browser(
    chromium: Browser, server: WebServer, place: int
) -> None:
    """It goes on, a seek lands, it ends where it should; each part is asked for by its range."""
    answers: list[int] = []

    def note(answer: Response) -> None:
        if answer.url.partition("?")[0].endswith("/video"):
            answers.append(answer.status)

    with opened(chromium, server.url, "en-GB") as page:
        page.on("response", note)
        page.locator("button.event").nth(place).click()
        assert_plays_and_seeks(page, to_s=BEFORE_THE_GAP_S - 0.2)
        page.wait_for_function(SHOWN_TO_THE_END, timeout=LIMIT_MS)
        assert set(answers) == {206}
