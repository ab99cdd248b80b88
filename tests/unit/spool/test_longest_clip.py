"""The longest clip that the settings allow, made a video within the memory of a short one."""

import tracemalloc
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from attrs import evolve

from surveil_adapters.spool import DiskSpool
from surveil_core.recording import LONGEST_CLIP_S
from surveil_core.video import AccessUnit
from tests.footage import TRIGGERED_AT_UTC, label_of, pictures

FPS = 15
MEMORY_BYTES = 2_500_000
"""Somewhat more than its index on the disk; an object for each picture took 8.7 MB."""


def film() -> Iterator[AccessUnit]:
    """The same four seconds again and again, fifteen pictures a second."""
    count = round(LONGEST_CLIP_S * FPS)
    for number, unit in enumerate(islice(cycle(pictures()), count)):
        yield evolve(unit, at_s=100 + number / FPS)


def test_half_an_hour_takes_the_service_little_memory(tmp_path: Path) -> None:
    """Each of its pictures is in the video, and was checked."""
    spool = DiskSpool(tmp_path)
    spool.open()
    writer = spool.start_clip(label_of())
    for unit in film():
        writer.append(unit)
    clip = writer.finish(triggered_at_utc=TRIGGERED_AT_UTC)
    spool.close()
    tracemalloc.start()
    try:
        made = clip.make_video(with_preview=False)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert round(made.clip.duration_s, 1) == LONGEST_CLIP_S
    assert made.clip.missing_s == 0
    assert peak_bytes < MEMORY_BYTES
