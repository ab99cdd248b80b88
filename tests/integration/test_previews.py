"""Previews of real clips: which pictures they show, and what making them takes."""

import io
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import av
import pytest
from attrs import evolve

from surveil_adapters.libav.failures import DataProblem
from surveil_adapters.libav.previews import MAX_DECODED, PreviewSizes, make_preview
from surveil_adapters.spool import DiskSpool
from surveil_core.ports.preview import ClipPreview
from surveil_core.video import AccessUnit
from tests.clips import make_mp4, make_plain_mp4, of_unknown_coding, with_damaged_header
from tests.footage import TRIGGERED_AT_UTC, grey_pictures, label_of, numbers_of
from tests.integration.sqlite_files import python, seeded_random

SIZES = PreviewSizes(thumbnail_width=320, strip_pictures=6, strip_picture_width=160)


def filmed(
    folder: Path, units: tuple[AccessUnit, ...] | None = None, *, trigger_at_s: float = 102.0
) -> ClipPreview:
    """Film pictures that tell their number, the first at 100 s; give what is shown of them."""
    spool = DiskSpool(folder / "spool")
    spool.open()
    writer = spool.start_clip(label_of(at_s=trigger_at_s))
    for unit in units or grey_pictures():
        writer.append(unit)
    made = writer.finish(triggered_at_utc=TRIGGERED_AT_UTC).make_video()
    spool.close()
    assert made.preview is not None, made.no_preview_reason
    return made.preview


def preview_of(video: Path, *, trigger_s: float = 3.0, duration_s: float = 13.0) -> ClipPreview:
    """Make a preview of any file, in this process."""
    thumbnail, strip = make_preview(str(video), SIZES, trigger_s=trigger_s, duration_s=duration_s)
    return ClipPreview(thumbnail=thumbnail, strip=strip)


def size_of(jpeg: bytes, folder: Path) -> tuple[int, int]:
    """Ask a JPEG for its width and height."""
    path = folder / "picture.jpg"
    path.write_bytes(jpeg)
    with av.open(str(path)) as file:
        return file.streams.video[0].width, file.streams.video[0].height


@pytest.mark.parametrize(
    ("trigger_at_s", "number"),
    [
        (100.0, 0),
        (100.05, 0),
        (101.0, 10),
        (101.9, 19),
        (102.0, 20),
        (102.3, 23),
        (102.39, 23),
        (103.9, 39),
        (107.0, 39),
    ],
)
def test_thumbnail_is_what_was_on_screen_at_the_trigger(
    tmp_path: Path, trigger_at_s: float, number: int
) -> None:
    """The last picture that is not later, wherever the keyframes are; the last one of all."""
    preview = filmed(tmp_path, trigger_at_s=trigger_at_s)
    assert numbers_of(preview.thumbnail) == [number]


def test_strip_shows_the_whole_clip_in_order(tmp_path: Path) -> None:
    """Of each sixth of the time, the keyframe before its middle; here there is one a second."""
    preview = filmed(tmp_path)
    assert numbers_of(preview.strip, pictures=6) == [0, 10, 10, 20, 30, 30]


def test_clip_of_one_picture_has_a_preview(tmp_path: Path) -> None:
    """The same picture everywhere."""
    preview = filmed(tmp_path, grey_pictures()[:1])
    assert numbers_of(preview.thumbnail) == [0]
    assert numbers_of(preview.strip, pictures=6) == [0] * 6


@pytest.mark.parametrize(
    ("size", "height"), [((64, 48), 240), ((128, 72), 180), ((48, 64), 426), ((16, 160), 640)]
)
def test_aspect_is_kept(tmp_path: Path, size: tuple[int, int], height: int) -> None:
    """At fixed widths; a picture as tall as a tower is squeezed to twice its width."""
    preview = filmed(tmp_path, grey_pictures(5, size=size))
    assert size_of(preview.thumbnail, tmp_path) == (320, height)
    assert size_of(preview.strip, tmp_path) == (960, height // 2 + height // 2 % 2)


@pytest.mark.parametrize("matrix", ["bt709", "bt601"])
def test_colours_are_the_video_s(tmp_path: Path, matrix: str) -> None:
    """Whatever the camera's matrix, the JPEG has what a JPEG is read by (JFIF: BT.601, full)."""
    video = make_plain_mp4(tmp_path, rgb="C82828", matrix=matrix)
    preview = preview_of(video)
    for jpeg in (preview.thumbnail, preview.strip):
        with av.open(io.BytesIO(jpeg)) as file:
            frame = next(file.decode(video=0))
            colour = bytes(frame.reformat(format="rgb24", src_colorspace="ITU601").planes[0])[:3]
        assert list(colour) == pytest.approx([0xC8, 0x28, 0x28], abs=8)


def test_work_is_bounded_where_keyframes_are_rare(tmp_path: Path) -> None:
    """Half a minute without one: the thumbnail is from somewhat before."""
    units = grey_pictures(MAX_DECODED + 20, keyframe_every=1000)
    preview = filmed(tmp_path, units, trigger_at_s=131.5)
    assert numbers_of(preview.thumbnail) == [(MAX_DECODED - 1) % 50]


@pytest.mark.parametrize("kept_bytes", [0, 100, 3000])
def test_torn_file_is_told(tmp_path: Path, kept_bytes: int) -> None:
    """Whatever is missing, the error names the file and nothing else is raised."""
    video = make_mp4(tmp_path, duration_s=1)
    video.write_bytes(video.read_bytes()[:kept_bytes])
    with pytest.raises(DataProblem, match=re.escape(f"{video} has no picture to show: ")):
        preview_of(video)


def test_pictures_of_an_unknown_coding_are_told(tmp_path: Path) -> None:
    """With the reason, whatever PyAV makes of it."""
    video = tmp_path / "clip.mp4"
    video.write_bytes(of_unknown_coding(make_mp4(tmp_path, duration_s=1).read_bytes()))
    with pytest.raises(DataProblem, match=r"has no picture to show: AttributeError: "):
        preview_of(video)


def test_damaged_header_has_a_preview_or_is_told(tmp_path: Path) -> None:
    """Nothing else happens, so that the clip is stored."""
    mp4, chosen = make_mp4(tmp_path, duration_s=1).read_bytes(), seeded_random()
    video = tmp_path / "clip.mp4"
    for _ in range(100):
        video.write_bytes(with_damaged_header(mp4, chosen))
        with suppress(DataProblem):
            preview_of(video)


def test_missing_file_is_told(tmp_path: Path) -> None:
    """A file that is not there either."""
    with pytest.raises(DataProblem, match=r"gone\.mp4"):
        preview_of(tmp_path / "gone.mp4")


def test_a_video_without_preview_says_why(tmp_path: Path) -> None:
    """No preview is worth a clip, which someone else's decoder may like better."""
    spool = DiskSpool(tmp_path / "spool")
    spool.open()
    writer = spool.start_clip(label_of())
    for unit in grey_pictures()[:10]:
        start = unit.annex_b.rindex(b"\x00\x00\x01") + 4
        writer.append(evolve(unit, annex_b=unit.annex_b[:start] + b"\xff" * 20))
    made = writer.finish(triggered_at_utc=TRIGGERED_AT_UTC).make_video()
    spool.close()
    assert made.clip.missing_s == made.clip.duration_s
    assert made.preview is None
    assert f"{made.clip.video_path} has no picture to show: " in made.no_preview_reason


def test_memory_does_not_grow_with_the_clip(tmp_path: Path) -> None:
    """A clip twenty times as long takes as much as a short one."""
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from tests.integration.test_previews import preview_of\n"
        "preview_of(Path(sys.argv[1]), duration_s=float(sys.argv[2]))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    peaks_kib = []
    for duration_s in (4, 80):
        path = make_mp4(tmp_path, duration_s=duration_s, size="640x360")
        ran = python(program, str(path), str(duration_s), stdout=subprocess.PIPE)
        output, _ = ran.communicate(timeout=60)
        peaks_kib.append(int(output))
    assert peaks_kib[1] - peaks_kib[0] < 8 * 1024


def test_times_beyond_the_end_are_taken_for_it(tmp_path: Path) -> None:
    """A clip may be described wrongly."""
    video = make_mp4(tmp_path, duration_s=2)
    late = preview_of(video, trigger_s=600.0, duration_s=3600.0)
    assert late.thumbnail == preview_of(video, trigger_s=1.99).thumbnail
