"""A clip's video and its preview, in one go: to load the libraries takes longer than either."""

import base64
from collections.abc import Mapping
from itertools import compress
from typing import Any

from surveil_adapters.libav.failures import DataProblem
from surveil_adapters.libav.previews import PreviewSizes, make_preview
from surveil_adapters.libav.samples import Samples
from surveil_adapters.libav.wrapping import wrap


def make_video(
    *,
    raw_path: str,
    video_path: str,
    samples: Mapping[str, str],
    last_step_s: float,
    look: bool,
    trigger_at_s: float,
    preview: Mapping[str, int] | None,
) -> dict[str, Any]:
    """Task: wrap the pictures; if it is given the sizes of one, make a `preview` of the video too.

    That is a pair of JPEGs in base 64, or None with the `no_preview_reason`. `samples` are those
    of `Samples.to_json`, and `trigger_at_s` is on their clock. All else is `wrap`'s.
    """
    pictures = Samples.from_json(samples)
    made = wrap(raw_path, video_path, pictures, last_step_s, look=look)
    made |= {"preview": None, "no_preview_reason": ""}
    if preview is None:
        return made
    shown_s = list(compress(pictures.times_s, made["written"]))
    try:
        jpegs = make_preview(
            video_path,
            PreviewSizes(**preview),
            trigger_s=max(0.0, trigger_at_s - shown_s[0]),
            duration_s=shown_s[-1] - shown_s[0] + last_step_s,
        )
    except DataProblem as error:
        return made | {"no_preview_reason": str(error)}
    return made | {"preview": [base64.b64encode(jpeg).decode() for jpeg in jpegs]}
