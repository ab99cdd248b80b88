"""What a crash leaves of a clip, cut at any byte, becomes a video that plays."""

import random
import shutil
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import av
import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveil_adapters.libav import process
from surveil_adapters.libav.process import LibavEnded
from surveil_adapters.spool import DiskSpool
from surveil_adapters.spool.clip import DiskSpooledClip
from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.ports.camera import Clip
from tests.contracts.spool import film
from tests.footage import FPS, TRIGGERED_AT_UTC, damaged, label_of, pictures

ENDS = list(accumulate(len(unit.annex_b) for unit in pictures()))


@pytest.fixture(scope="module")
def remains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of film that nobody finished: the raw stream, its index beside it."""
    spool = DiskSpool(tmp_path_factory.mktemp("remains"))
    spool.open()
    writer = film(spool)
    kept = writer.spool_path.parent / "kept"
    kept.mkdir()
    for path in (writer.spool_path, writer.spool_path.with_suffix(".index")):
        shutil.copy(path, kept / f"recording_1{path.suffix}")
    writer.finish(triggered_at_utc=TRIGGERED_AT_UTC)
    spool.close()
    return kept / "recording_1.h264"


def frames(path: Path) -> int:
    """Decode a video to its end."""
    with av.open(str(path)) as video:
        return sum(1 for _ in video.decode(video=0))


def length_s(path: Path) -> float:
    """Ask the container how long it is."""
    with av.open(str(path)) as video:
        assert video.duration is not None
        return video.duration / av.time_base


def check(folder: Path, raw: bytes, index: bytes, expected: int) -> None:
    """Salvage `expected` pictures, and play them."""
    path = folder / "recording_x_1.h264"
    path.write_bytes(raw)
    path.with_suffix(".index").write_bytes(index)
    clip = DiskSpooledClip.found(path)
    assert clip.has_pictures == (expected > 0)
    if not expected:
        with pytest.raises(DataLost):
            clip.make_video()
        return
    video = clip.make_video().clip
    assert video.salvaged
    assert video.duration_s == pytest.approx(expected / FPS)
    assert frames(video.video_path) == expected
    assert length_s(video.video_path) == pytest.approx(expected / FPS, abs=0.01)
    assert video.clip_bytes == video.video_path.stat().st_size


def pictures_within(size_bytes: int) -> int:
    """Count the pictures that lie wholly in the first bytes of the stream."""
    return sum(end <= size_bytes for end in ENDS)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_truncation_costs_what_was_cut_off(
    remains: Path, tmp_path: Path, data: st.DataObject
) -> None:
    """Raw stream and index may end at any byte, each at its own: the shorter one decides."""
    raw, index = remains.read_bytes(), remains.with_suffix(".index").read_bytes()
    raw_bytes = data.draw(st.integers(0, len(raw)))
    index_bytes = data.draw(st.integers(0, len(index)))
    lines = index[:index_bytes].count(b'"picture"')
    whole_lines = sum(b'"picture"' in line for line in index[:index_bytes].split(b"\n")[:-1])
    assert lines - whole_lines in (0, 1)
    check(
        tmp_path, raw[:raw_bytes], index[:index_bytes], min(pictures_within(raw_bytes), whole_lines)
    )


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_pages_that_never_reached_the_disk_end_the_film(
    remains: Path, tmp_path: Path, data: st.DataObject
) -> None:
    """A power cut may leave zeros where pictures were: the film ends before them."""
    raw, index = bytearray(remains.read_bytes()), remains.with_suffix(".index").read_bytes()
    start = data.draw(st.integers(0, len(raw) - 64))
    raw[start : start + 64] = bytes(64)
    check(tmp_path, bytes(raw), index, pictures_within(start))


def test_a_torn_mp4_is_made_again(remains: Path, tmp_path: Path) -> None:
    """A crash while the MP4 was written leaves half of it, which is not believed."""
    (tmp_path / "recording_x_1.mp4").write_bytes(b"\x00\x00\x00\x20ftypisom")
    check(
        tmp_path,
        remains.read_bytes(),
        remains.with_suffix(".index").read_bytes(),
        expected=len(pictures()),
    )


def test_pictures_that_are_no_video_are_given_up(tmp_path: Path) -> None:
    """A stream without parameter sets is whole and yet cannot be played."""
    spool = DiskSpool(tmp_path)
    spool.open()
    writer = spool.start_clip(label_of())
    for unit in pictures()[1:9]:
        writer.append(unit)
    clip = writer.finish(triggered_at_utc=TRIGGERED_AT_UTC)
    spool.close()
    with pytest.raises(DataLost, match="cannot be played"):
        clip.make_video()


def film_damaged(
    folder: Path, change: Callable[[int, bytes], bytes], *, is_finished: bool = True
) -> Clip:
    """Film four seconds, of which some keyframes are changed, and make the video."""
    spool = DiskSpool(folder)
    spool.open()
    writer = spool.start_clip(label_of())
    for number, unit in enumerate(pictures()):
        annex_b = change(number // FPS, unit.annex_b) if unit.keyframe else unit.annex_b
        writer.append(evolve(unit, annex_b=annex_b))
    writer.finish(triggered_at_utc=TRIGGERED_AT_UTC, until_s=104.0)
    spool.close()
    index_path = writer.spool_path.with_suffix(".index")
    if not is_finished:
        index_path.write_bytes(b"".join(index_path.read_bytes().splitlines(keepends=True)[:-1]))
    return DiskSpooledClip.found(writer.spool_path).make_video().clip


def damaging(*seconds: int) -> Callable[[int, bytes], bytes]:
    """Change the pictures with which these seconds begin."""
    return lambda second, annex_b: damaged(annex_b, second) if second in seconds else annex_b


@pytest.mark.parametrize(
    ("seconds", "kept", "missing_s"),
    [((0,), 30, 0), ((0, 1), 20, 0), ((3,), 30, 1), ((), 40, 0)],
)
def test_groups_of_damaged_keyframes_are_left_out(
    tmp_path: Path, seconds: tuple[int, ...], kept: int, missing_s: float
) -> None:
    """A gap is told; pictures that show nothing real would not be."""
    clip = film_damaged(tmp_path, damaging(*seconds))
    assert frames(clip.video_path) == kept
    assert clip.missing_s == pytest.approx(missing_s, abs=0.11)
    assert clip.duration_s == pytest.approx(kept / FPS)
    assert clip.pre_roll_s == pytest.approx(2.0 - (4.0 - kept / FPS) * (0 in seconds))


def test_a_damaged_end_of_a_salvaged_clip_is_missing(tmp_path: Path) -> None:
    """It had been filmed, so it was to be there."""
    clip = film_damaged(tmp_path, damaging(3), is_finished=False)
    assert (clip.salvaged, frames(clip.video_path)) == (True, 30)
    assert clip.missing_s == pytest.approx(1.0, abs=0.11)


def test_a_clip_in_which_nothing_decodes_is_kept(tmp_path: Path) -> None:
    """Someone may see more in it than a decoder; all of it counts as missing."""
    clip = film_damaged(tmp_path, damaging(0, 1, 2, 3))
    assert clip.missing_s == clip.duration_s == pytest.approx(4.0)
    with av.open(str(clip.video_path)) as video:
        assert len([packet for packet in video.demux() if packet.size]) == 40


@pytest.mark.parametrize("seed", range(20))
def test_damaged_headers_cost_their_own_group_at_most(tmp_path: Path, seed: int) -> None:
    """Sizes and parameters of a damaged picture are not those of the video."""
    chance = random.Random(seed)

    def change(second: int, annex_b: bytes) -> bytes:
        changed = bytearray(annex_b)
        for place in chance.sample(range(4, 60), 3) if second == 0 else ():
            changed[place] ^= chance.randint(1, 255)
        return bytes(changed)

    clip = film_damaged(tmp_path, change)
    assert frames(clip.video_path) >= 30


class EndedBy:
    """Runs tasks as `libav.process.run` does, but for those that a signal ends."""

    def __init__(self, *ended: str) -> None:
        self.ended = ended
        self.asked: list[tuple[bool, bool]] = []

    def __call__(self, task: str, **asked: Any) -> Any:
        self.asked.append((asked["look"], asked["preview"] is not None))
        if any(asked[part] and part in self.ended for part in ("preview", "look")):
            raise LibavEnded(f"{task} ended by SIGKILL")
        return process.run(task, **asked)


@pytest.mark.parametrize(
    ("ended", "with_preview", "asked"),
    [
        ((), True, [(True, True)]),
        ((), False, [(True, False)]),
        (("preview",), True, [(True, True), (True, False)]),
        (("preview", "look"), True, [(True, True), (True, False), (False, False)]),
        (("look",), False, [(True, False), (False, False)]),
    ],
)
def test_a_crash_costs_no_more_than_it_must(
    remains: Path,
    tmp_path: Path,
    ended: tuple[str, ...],
    with_preview: bool,
    asked: list[tuple[bool, bool]],
) -> None:
    """First the preview is left out, then the look at keyframes; the video is made."""
    path = tmp_path / "recording_x_1.h264"
    path.write_bytes(remains.read_bytes())
    path.with_suffix(".index").write_bytes(remains.with_suffix(".index").read_bytes())
    run = EndedBy(*ended)
    made = evolve(DiskSpooledClip.found(path), run=run).make_video(with_preview=with_preview)
    assert run.asked == asked
    assert frames(made.clip.video_path) == len(ENDS)
    assert (made.preview is not None) == (with_preview and len(asked) == 1)
    wanted = f"{path.with_suffix('.mp4')} has no picture to show: make the video ended by SIGKILL"
    assert made.no_preview_reason == (wanted if with_preview and len(asked) > 1 else "")


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"result": 1}, {"size_bytes": "x"}, {"preview": ["?", "?"]}]
)
def test_an_odd_answer_is_a_refusal(remains: Path, answer: object) -> None:
    """What took over a decoder may say anything; the clip stays where it is."""
    clip = evolve(DiskSpooledClip.found(remains), run=lambda *_, **__: answer)
    with pytest.raises(StoreUnavailable, match="answered oddly"):
        clip.make_video()
