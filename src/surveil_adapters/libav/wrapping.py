"""A raw H.264 stream as a fast-start MP4, without transcoding, with the times it is given."""

import time
from array import array
from collections.abc import Iterator, Sequence
from fractions import Fraction
from io import BytesIO
from itertools import chain, compress, islice
from pathlib import Path
from typing import Any

import av
from av.stream import Stream

from surveil_adapters.libav.failures import DataProblem, Refusal
from surveil_adapters.libav.keyframes import problem_of
from surveil_adapters.libav.samples import Samples

LOOK_EVERY_S = 3.0
"""How far apart the keyframes are that are decoded, as long as all is well."""

LOOK_FOR_S = 5.0
"""Of processor time for all looks: the camera's pictures wait in a queue of fifteen seconds."""

_TIME_BASE = Fraction(1, 90_000)


def wrap(
    raw_path: str, video_path: str, samples: Samples, last_step_s: float, *, look: bool
) -> dict[str, Any]:
    """Write the first pictures of a raw stream, at least one, as `video_path`.

    The last is shown for `last_step_s`. With `look`, groups of pictures whose keyframe does
    not decode are left out, unless none would be left. Returns `size_bytes` of the file, `width`
    and `height` of the pictures, `written`, a truth for each of them, and `is_sound`, false when
    nothing decodes.
    """
    try:
        sound = _sound(Path(raw_path), samples) if look else [True] * len(samples)
        is_sound = any(sound)
        written = sound if is_sound else [True] * len(samples)
        width, height = _write(raw_path, video_path, samples, written, last_step_s)
        size_bytes = Path(video_path).stat().st_size
    except (av.InvalidDataError, av.ArgumentError, IndexError) as error:
        raise DataProblem(str(error)) from error
    except (OSError, av.FFmpegError) as error:
        raise Refusal(str(error)) from error
    return {
        "size_bytes": size_bytes,
        "width": width,
        "height": height,
        "written": written,
        "is_sound": is_sound,
    }


def _write(
    raw_path: str,
    video_path: str,
    samples: Samples,
    written: Sequence[bool],
    last_step_s: float,
) -> tuple[int, int]:
    """Write the MP4 as a new file; return width and height."""
    Path(video_path).unlink(missing_ok=True)
    with (
        av.open(_first_written(raw_path, samples, written), format="h264") as raw,
        av.open(video_path, "w", format="mp4", options={"movflags": "+faststart"}) as video,
    ):
        template = raw.streams.video[0]
        stream = video.add_stream_from_template(template)
        stream.time_base = _TIME_BASE
        for packet in _packets(raw_path, samples, written, last_step_s):
            packet.stream = stream
            video.mux(packet)
        return template.codec_context.width, template.codec_context.height


def _first_written(raw_path: str, samples: Samples, written: Sequence[bool]) -> BytesIO:
    """Read the keyframe whose parameter sets the video has."""
    keyframe = next(compress(samples, written))
    with Path(raw_path).open("rb") as raw:
        raw.seek(keyframe.offset_bytes)
        return BytesIO(raw.read(keyframe.size_bytes))


def _sound(raw_path: Path, samples: Samples) -> list[bool]:
    """Say of each picture whether its group is to be kept.

    Decoding all would cost more than filming. After a damaged keyframe each one is tried. What
    comes when the time for looks is over is believed.
    """
    sound: list[bool] = []
    is_sound, look_at_s, until_s = True, float("-inf"), time.process_time() + LOOK_FOR_S
    with raw_path.open("rb") as raw:
        for sample in samples:
            if sample.is_keyframe and (sample.at_s >= look_at_s or not is_sound):
                raw.seek(sample.offset_bytes)
                keyframe = raw.read(sample.size_bytes)
                is_sound = time.process_time() > until_s or problem_of(keyframe) is None
                look_at_s = sample.at_s + LOOK_EVERY_S
            sound.append(is_sound)
    return sound


def _packets(
    raw_path: str, samples: Samples, written: Sequence[bool], last_step_s: float
) -> Iterator["av.Packet[Stream]"]:
    """Yield the pictures with their times, from 0 on and always growing."""
    starts = _starts(array("d", compress(samples.times_s, written)))
    ends = chain(islice(starts, 1, None), [starts[-1] + round(last_step_s / _TIME_BASE)])
    with Path(raw_path).open("rb") as raw:
        for sample, start, end in zip(compress(samples, written), starts, ends, strict=True):
            raw.seek(sample.offset_bytes)
            packet = av.Packet(raw.read(sample.size_bytes))
            packet.time_base = _TIME_BASE
            packet.pts = packet.dts = start
            packet.duration = end - start
            packet.is_keyframe = sample.is_keyframe
            yield packet


def _starts(times_s: Sequence[float]) -> Sequence[int]:
    starts = array("q", [0])
    for at_s in islice(times_s, 1, None):
        starts.append(max(starts[-1] + 1, round((at_s - times_s[0]) / _TIME_BASE)))
    return starts
