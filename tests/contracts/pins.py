"""What every `Pins` does: the fake and the SQLite file alike."""

from collections.abc import Callable

import pytest
from attrs import frozen

from surveil_core.ports.pins import Pins


@frozen(kw_only=True)
class PinSite:
    """Pins, with a look at which videos have one."""

    pins: Pins
    pinned: Callable[[], list[int]]


class PinsContract:
    """Subclasses give `site`: with videos 1 to 3, none pinned."""

    @pytest.fixture
    def site(self) -> PinSite:
        raise NotImplementedError

    def test_only_the_named_video_is_pinned_and_unpinned(self, site: PinSite) -> None:
        """Saying it twice does no harm."""
        for _ in range(2):
            assert site.pins.pin(2, is_pinned=True)
            assert site.pinned() == [2]
        assert site.pins.pin(3, is_pinned=True)
        for _ in range(2):
            assert site.pins.pin(2, is_pinned=False)
            assert site.pinned() == [3]

    @pytest.mark.parametrize("media_id", [0, -1, 4, 2**63 - 1])
    def test_unknown_video_is_told(self, site: PinSite, media_id: int) -> None:
        """It may have gone meanwhile."""
        assert not site.pins.pin(media_id, is_pinned=True)
        assert not site.pins.pin(media_id, is_pinned=False)
        assert site.pinned() == []
