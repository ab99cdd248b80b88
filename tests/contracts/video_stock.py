"""What every `VideoStock` does: the fake and the SQLite file alike."""

from collections.abc import Iterator

import pytest

from surveil_core.ports.preview import ClipPreview
from surveil_core.ports.video_stock import VideoStock

PREVIEW = ClipPreview(thumbnail=b"t" * 10_000, strip=b"s" * 20_000)


class VideoStockContract:
    """Subclasses give `stock`: with videos 1 to 3 of 100,000 bytes each, none pinned.

    Of these bytes `PREVIEW` has some.
    """

    @pytest.fixture
    def stock(self) -> Iterator[VideoStock]:
        raise NotImplementedError

    def test_videos_are_listed_in_their_order(self, stock: VideoStock) -> None:
        """Each with its size, its preview's included, and its pin."""
        found = [(v.media_id, v.video_bytes, v.is_pinned) for v in stock.oldest_first()]
        assert found == [(1, 100_000, False), (2, 100_000, False), (3, 100_000, False)]

    def test_space_of_deleted_videos_is_free(self, stock: VideoStock) -> None:
        """At once, on the disk or for the next videos in the file."""
        before = stock.space()
        given_up = stock.give_up([1, 3], reason="why")
        after = stock.space()
        assert [video.media_id for video in stock.oldest_first()] == [2]
        assert (before.video_bytes, after.video_bytes) == (300_000, 100_000)
        assert given_up.freed_bytes + after.hollow_bytes - before.hollow_bytes > 150_000

    def test_pinned_video_stays(self, stock: VideoStock) -> None:
        """Until it is unpinned."""
        assert stock.pin(2, is_pinned=True)
        assert list(stock.give_up([1, 2, 99], reason="why").media_ids) == [1]
        assert [(v.media_id, v.is_pinned) for v in stock.oldest_first()] == [(2, True), (3, False)]
        assert stock.pin(2, is_pinned=False)
        assert list(stock.give_up([2], reason="why").media_ids) == [2]
        assert [video.media_id for video in stock.oldest_first()] == [3]

    def test_unknown_video_is_no_error(self, stock: VideoStock) -> None:
        """It may have gone meanwhile."""
        assert not stock.pin(99, is_pinned=True)
        stock.give_up([99], reason="why")
        assert len(stock.oldest_first()) == 3

    def test_free_space_is_given_back_by_steps(self, stock: VideoStock) -> None:
        """To a disk that wants it; one that has enough is left alone."""
        stock.give_up([1, 2], reason="why")
        assert not stock.give_space_back(up_to_free_bytes=0)
        left_bytes = stock.space().hollow_bytes
        while now_left_bytes := stock.give_space_back(up_to_free_bytes=1 << 60):
            assert now_left_bytes < left_bytes
            left_bytes = now_left_bytes
        assert (stock.space().video_bytes, stock.space().hollow_bytes) == (100_000, 0)

    def test_nothing_but_orphans_is_removed(self, stock: VideoStock) -> None:
        """Where there are none, nothing."""
        stock.give_up([2], reason="why")
        for _ in range(2):
            stock.remove_orphans(camera_number=1)
        assert [video.media_id for video in stock.oldest_first()] == [1, 3]

    def test_closing_twice_is_safe(self, stock: VideoStock) -> None:
        """A stock may be closed again."""
        stock.close()
        stock.close()
