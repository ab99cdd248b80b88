"""What `clips delete` says of what it did, beside services that write as well."""

from collections.abc import Collection

import pytest
from attrs import define

from apps.edge.clips_delete import delete_clips
from surveil_core.errors import StoreUnavailable
from surveil_core.ports.video_stock import GivenUp
from surveil_core.retention import KeptVideo
from tests.examples import RECEIVED_AT_UTC
from tests.fakes.clock import FakeClock
from tests.fakes.video_stock import FakeVideoStock


def stock_of(*media_ids: int, **options: int) -> FakeVideoStock:
    """Store videos of 1000 bytes."""
    videos = [
        KeptVideo(media_id=media_id, video_bytes=1000, started_at_utc=RECEIVED_AT_UTC)
        for media_id in media_ids
    ]
    return FakeVideoStock(videos=videos, **options)


def test_clip_that_is_pinned_at_the_last_moment_is_not_said_to_be_deleted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is told how to let it go, and that is no success."""
    stock = stock_of(1, 2)
    stock.pinned_meanwhile = {1}
    assert not delete_clips(stock, [1, 2], clock=FakeClock(), is_sure=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["clip 1: is pinned and stays; `clips unpin 1`", "clip 2: deleted"]
    assert [video.media_id for video in stock.videos] == [1]


def test_as_much_is_given_back_as_was_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    """The rest of what is free in the file waits for the next videos, which fill it."""
    stock = stock_of(1, 2, hollow_bytes=1_000_000, step_bytes=300)
    assert delete_clips(stock, [1], clock=FakeClock(), is_sure=True)
    assert stock.hollow_bytes == 1_000_000 + 1000 - 1200
    assert capsys.readouterr().out.splitlines()[-1] == "1.2 KiB given back to the disk"


def test_nothing_is_given_back_for_what_was_not_deleted() -> None:
    """Such as a clip that the database refuses to let go."""
    stock = FailingStock(videos=stock_of(1).videos, hollow_bytes=5000)
    assert not delete_clips(stock, [1], clock=FakeClock(), is_sure=True)
    assert stock.hollow_bytes == 5000


def test_clip_whose_file_stays_is_not_said_to_be_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is gone from the list; that its video is not is no success, and frees nothing."""
    stock = stock_of(1, hollow_bytes=5000)
    stock.files_stay_because = "it may not be written"
    assert not delete_clips(stock, [1], clock=FakeClock(), is_sure=True)
    assert capsys.readouterr().out.splitlines() == [
        "clip 1: deleted; its file stays for now: it may not be written",
        "0 bytes given back to the disk",
    ]
    assert (stock.videos, stock.hollow_bytes) == ([], 5000)


@define(kw_only=True)
class FailingStock(FakeVideoStock):
    """Deletes nothing."""

    def give_up(self, media_ids: Collection[int], *, reason: str) -> GivenUp:
        """As the port says."""
        raise StoreUnavailable("database is locked")


@define(kw_only=True)
class BusyStock(FakeVideoStock):
    """Deletes clip 1 itself, as a service that makes room, before it is deleted by hand."""

    def give_up(self, media_ids: Collection[int], *, reason: str) -> GivenUp:
        """As the port says."""
        super().give_up([1], reason="deleted to make room")
        return super().give_up(media_ids, reason=reason)


def test_clip_that_made_room_meanwhile_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    """That is what was wanted; its space is left to the service that made it."""
    stock = BusyStock(videos=stock_of(1).videos)
    assert delete_clips(stock, [1], clock=FakeClock(), is_sure=True)
    assert capsys.readouterr().out.splitlines()[0] == "clip 1: has made room meanwhile"
    assert stock.hollow_bytes == 1000
