"""Previews by PyAV, in a process of their own (`surveil_adapters.libav`)."""

import base64

from surveil_adapters.libav import process
from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.ports.camera import Clip
from surveil_core.ports.previewer import (
    STRIP_PICTURE_WIDTH,
    STRIP_PICTURES,
    THUMBNAIL_WIDTH,
    ClipPreview,
)

_WITHIN_S = 60.0
"""Some hundred pictures are decoded at most; no video waits longer for its preview."""


class PyavPreviewer:
    """The `Previewer` port; keeps nothing between clips."""

    def make_preview(self, clip: Clip) -> ClipPreview:
        """Have the clip's file read. Raises `DataLost`, whatever goes wrong."""
        try:
            jpegs = process.run(
                "make a preview",
                within_s=_WITHIN_S,
                video_path=str(clip.video_path),
                trigger_s=clip.pre_roll_s,
                duration_s=clip.duration_s,
                thumbnail_width=THUMBNAIL_WIDTH,
                strip_pictures=STRIP_PICTURES,
                strip_picture_width=STRIP_PICTURE_WIDTH,
            )
        except (DataLost, StoreUnavailable) as error:
            raise DataLost(f"{clip.video_path} has no picture to show: {error}") from error
        return ClipPreview(
            thumbnail=base64.b64decode(jpegs["thumbnail"]), strip=base64.b64decode(jpegs["strip"])
        )
