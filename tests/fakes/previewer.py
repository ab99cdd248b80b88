"""Previews without decoding anything."""

from attrs import define

from surveil_core.errors import DataLost
from surveil_core.ports.camera import Clip
from surveil_core.ports.previewer import ClipPreview

PREVIEW = ClipPreview(thumbnail=b"\xff\xd8thumbnail\xff\xd9", strip=b"\xff\xd8strip\xff\xd9")


@define(kw_only=True)
class FakePreviewer:
    """Implements `Previewer`; while set, `refusal` is raised as `DataLost`."""

    refusal: str | None = None
    previews: int = 0
    """How many it was asked for."""

    def make_preview(self, clip: Clip) -> ClipPreview:
        """As the port says."""
        self.previews += 1
        if self.refusal is not None:
            raise DataLost(self.refusal)
        return PREVIEW
