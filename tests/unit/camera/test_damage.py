"""Pictures that do not decode, on a stream that PyAV encodes here."""

import random

import pytest

from surveil_adapters.camera.annexb import AccessUnitSplitter
from surveil_adapters.camera.damage import LOOK_EVERY_S, MAX_DAMAGED_KEYFRAMES, DamageWatch
from surveil_adapters.camera.picamera2 import FrameSink
from surveil_adapters.camera.unit_queue import UnitQueue
from surveil_core.errors import CameraUnavailable
from tests.fakes.clock import FakeClock
from tests.footage import FPS, pictures

SOUND = pictures()[0].annex_b


def damaged(annex_b: bytes, seed: int) -> bytes:
    """Change a tenth of the bytes behind the headers."""
    chance, changed = random.Random(seed), bytearray(annex_b)
    first_slice = annex_b.rindex(b"\x00\x00\x01\x65") + 12
    for place in chance.sample(
        range(first_slice, len(annex_b)), (len(annex_b) - first_slice) // 10
    ):
        changed[place] ^= chance.randint(1, 255)
    return bytes(changed)


def test_sound_keyframes_are_never_refused() -> None:
    """Whenever they are looked at."""
    watch = DamageWatch()
    assert all(watch.is_sound(SOUND, at_s=number * LOOK_EVERY_S / 3) for number in range(30))


def test_damaged_keyframes_in_a_row_end_the_run() -> None:
    """The first may be an accident; each of the next ones is looked at."""
    watch = DamageWatch()
    for number in range(1, MAX_DAMAGED_KEYFRAMES):
        assert not watch.is_sound(damaged(SOUND, number), at_s=number)
    with pytest.raises(CameraUnavailable, match=r"3 keyframes .* do not decode .*cable"):
        watch.is_sound(damaged(SOUND, 99), at_s=MAX_DAMAGED_KEYFRAMES)


def test_a_sound_keyframe_makes_good_for_damaged_ones() -> None:
    """A camera that recovers is let go on."""
    watch = DamageWatch()
    for number in range(40):
        is_sound = number % MAX_DAMAGED_KEYFRAMES == 2
        watch.is_sound(SOUND if is_sound else damaged(SOUND, number), at_s=number)


def test_as_long_as_all_is_well_few_are_looked_at() -> None:
    """What lies between two looks costs nothing, so that damage there is not seen."""
    watch = DamageWatch()
    assert watch.is_sound(SOUND, at_s=0)
    for number in range(1, 10):
        assert watch.is_sound(damaged(SOUND, number), at_s=number * LOOK_EVERY_S / 10)


def test_odd_words_beside_a_picture_are_no_damage() -> None:
    """A camera may put what it likes into supplemental information."""
    sei = b"\x00\x00\x00\x01\x06\xff\xff\x00\x01\x02\x80"
    assert DamageWatch().is_sound(sei + SOUND, at_s=0)


def test_a_damaged_group_is_left_out() -> None:
    """A gap is told; pictures that show nothing real would not be."""
    splitter = AccessUnitSplitter()
    group, rest = pictures()[:FPS], pictures()[FPS:]
    assert splitter.unit(damaged(group[0].annex_b, 1), at_s=0) is None
    assert [splitter.unit(one.annex_b, at_s=0) for one in group[1:]] == [None] * (FPS - 1)
    assert [splitter.unit(one.annex_b, at_s=one.at_s) for one in rest] == list(rest)


def test_damage_ends_picamera2s_stream_without_an_error_on_its_thread() -> None:
    """An error there would leave its event loop dead; the reader is told instead."""
    queue = UnitQueue(capacity_units=20)
    sink = FrameSink(queue, FakeClock())
    sink.take(SOUND, 0)
    for number in range(1, 6):
        sink.take(damaged(SOUND, number), number * 4_000_000)
    assert queue.get(0) is not None
    with pytest.raises(CameraUnavailable, match="do not decode"):
        queue.get(0)
