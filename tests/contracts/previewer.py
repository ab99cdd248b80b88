"""What every `Previewer` does: the fake and PyAV alike."""

import pytest
from attrs import frozen

from surveil_core.errors import DataLost
from surveil_core.ports.camera import Clip
from surveil_core.ports.previewer import Previewer


@frozen(kw_only=True)
class PreviewSite:
    """A previewer and a clip that it can show, and one that it cannot."""

    previewer: Previewer
    clip: Clip
    blind_previewer: Previewer
    broken_clip: Clip


class PreviewerContract:
    """Subclasses give `site`."""

    @pytest.fixture
    def site(self) -> PreviewSite:
        raise NotImplementedError

    def test_preview_is_two_jpegs_and_the_same_each_time(self, site: PreviewSite) -> None:
        """Each begins and ends as ITU-T T.81 wants it."""
        preview = site.previewer.make_preview(site.clip)
        for jpeg in (preview.thumbnail, preview.strip):
            assert jpeg.startswith(b"\xff\xd8")
            assert jpeg.endswith(b"\xff\xd9")
        assert preview.thumbnail != preview.strip
        assert site.previewer.make_preview(site.clip) == preview

    def test_clip_without_a_picture_is_told(self, site: PreviewSite) -> None:
        """It is for the caller to go on without."""
        with pytest.raises(DataLost, match=r"\S"):
            site.blind_previewer.make_preview(site.broken_clip)
