"""Parts of stored videos over real HTTP: out of a file beside a real database, or out of it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from attrs import frozen

from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_adapters.web import AlertHub, WebServer, build_app
from surveil_adapters.web.video_stream import CHUNK_BYTES
from tests.fakes.announcer import RecordingAnnouncer
from tests.integration.sqlite_files import query
from tests.integration.stored_clips import MEDIA_STORES, file_of, store_clips

VIDEO = os.urandom(2 * CHUNK_BYTES + 12_345)
LAST = len(VIDEO) - 1
MEDIA_ID = 2
"""Of two videos the second."""


@frozen
class Pi:
    """A running web side with a stored video."""

    url: str
    video: bytes
    """What its store holds, read without the program."""

    def ask(self, wanted: str) -> requests.Response:
        """Ask for a part."""
        address = f"{self.url}/api/media/{MEDIA_ID}/video"
        return requests.get(address, headers={"Range": wanted}, timeout=10)


@pytest.fixture(params=MEDIA_STORES)
def pi(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pi]:
    """Run a web side on a real database, whose videos lie in it or in files."""
    db = store_clips(tmp_path, VIDEO, clips=MEDIA_ID, place=request.param)
    if request.param == "files":
        kept = file_of(db, MEDIA_ID).read_bytes()
    else:
        [(kept,)] = query(db.path, "SELECT video FROM media WHERE id_media = ?", MEDIA_ID)
    announcer = RecordingAnnouncer()
    hub = AlertHub(announcer=announcer)
    app = build_app(archive=SqliteArchive(db.path), hub=hub, announcer=announcer)
    with WebServer(app, host="127.0.0.1", port=0, announcer=announcer) as server:
        yield Pi(server.url, kept)


def test_parts_are_those_of_what_is_stored(pi: Pi) -> None:
    """From a place to another, across what is read in one go, to the end, and the last bytes."""
    border = CHUNK_BYTES
    for wanted, first, last in (
        ("bytes=0-0", 0, 0),
        ("bytes=1000-1999", 1000, 1999),
        (f"bytes={border - 7}-{2 * border + 7}", border - 7, 2 * border + 7),
        (f"bytes={border}-", border, LAST),
        (f"bytes=0-{LAST + 100}", 0, LAST),
        ("bytes=-1", LAST, LAST),
        (f"bytes=-{border + 1}", LAST - border, LAST),
        (f"bytes=-{2 * len(VIDEO)}", 0, LAST),
    ):
        answer = pi.ask(wanted)
        assert answer.status_code == 206, wanted
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(VIDEO)}"
        assert answer.headers["Content-Length"] == str(last - first + 1)
        assert answer.content == pi.video[first : last + 1], wanted


@pytest.mark.parametrize("wanted", [f"bytes={len(VIDEO)}-", "bytes=-0"])
def test_a_part_that_is_not_there_is_refused_with_the_size(pi: Pi, wanted: str) -> None:
    """Behind the end, or the last none."""
    answer = pi.ask(wanted)
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{len(VIDEO)}"
