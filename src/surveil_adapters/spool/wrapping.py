"""Have a clip's MP4 and its preview made, by a process that FFmpeg's libraries may crash."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from surveil_adapters.libav import process
from surveil_adapters.libav.process import LibavEnded
from surveil_adapters.libav.samples import Samples
from surveil_core.errors import StoreUnavailable
from surveil_core.ports.preview import (
    STRIP_PICTURE_WIDTH,
    STRIP_PICTURES,
    THUMBNAIL_WIDTH,
    ClipPreview,
)
from surveil_core.ports.spool import ClipLabel

Run = Callable[..., Any]
"""As `libav.process.run`."""

WITHIN_S = 600.0
"""A disk that takes longer for the longest clip would not keep up with a camera."""

_TASK = "make the video"
_PREVIEW = {
    "thumbnail_width": THUMBNAIL_WIDTH,
    "strip_pictures": STRIP_PICTURES,
    "strip_picture_width": STRIP_PICTURE_WIDTH,
}


@frozen(kw_only=True)
class WrappedClip:
    """The file, and which of the samples it has. Where nothing decodes, all and not `is_sound`."""

    size_bytes: int
    width: int
    height: int
    written: Sequence[bool]
    is_sound: bool
    preview: ClipPreview | None
    no_preview_reason: str


def wrap(
    raw_path: Path,
    video_path: Path,
    samples: Samples,
    label: ClipLabel,
    *,
    with_preview: bool,
    run: Run = process.run,
) -> WrappedClip:
    """Make the MP4 of at least one sample, with the preview if that can be had.

    Whatever ends the process, a crash or the kernel that lacks memory, it is tried without the
    preview, and then without looking at keyframes. Raises `DataLost` and `StoreUnavailable`.
    """
    asked = {
        "within_s": WITHIN_S,
        "raw_path": str(raw_path),
        "video_path": str(video_path),
        "samples": samples.to_json(),
        "last_step_s": 1 / label.format.fps,
        "trigger_at_s": label.triggered_at_s,
    }
    no_preview_reason = ""
    if with_preview:
        try:
            return _wrapped_clip(run(_TASK, look=True, preview=_PREVIEW, **asked))
        except LibavEnded as error:
            no_preview_reason = f"{video_path} has no picture to show: {error}"
    try:
        answer = run(_TASK, look=True, preview=None, **asked)
    except LibavEnded:
        answer = run(_TASK, look=False, preview=None, **asked)
    return evolve(_wrapped_clip(answer), no_preview_reason=no_preview_reason)


def _wrapped_clip(answer: Any) -> WrappedClip:
    """Read the answer of `libav.video.make_video`, which comes from where damage may rule."""
    try:
        jpegs = answer["preview"] and [base64.b64decode(jpeg) for jpeg in answer["preview"]]
        return WrappedClip(
            size_bytes=int(answer["size_bytes"]),
            width=int(answer["width"]),
            height=int(answer["height"]),
            written=[bool(is_written) for is_written in answer["written"]],
            is_sound=bool(answer["is_sound"]),
            preview=ClipPreview(thumbnail=jpegs[0], strip=jpegs[1]) if jpegs else None,
            no_preview_reason=str(answer["no_preview_reason"]),
        )
    except (LookupError, TypeError, ValueError) as error:
        raise StoreUnavailable(f"what made the video answered oddly: {error!r}") from error
