"""When keyframes are tried, and what follows; `tests/integration/test_libav.py` tries real ones."""

import pytest

from surveil_adapters.camera.access_units import AccessUnitMaker
from surveil_adapters.camera.coded_picture import CodedPicture
from surveil_adapters.camera.damage import (
    FIRST_LOOK_AFTER_S,
    LOOK_EVERY_S,
    LOOK_WITHIN_S,
    MAX_DAMAGED_KEYFRAMES,
    DamageWatch,
)
from surveil_adapters.camera.picamera2 import FrameSink
from surveil_adapters.camera.unit_queue import UnitQueue
from surveil_core.errors import CameraUnavailable
from tests.contracts.look import START, LookContract
from tests.fakes.clock import FakeClock
from tests.fakes.look import FakeLooks
from tests.footage import damaged_keyframe, pictures

SOUND, BAD = pictures()[0].annex_b, b"damaged"


class TestFakeLook(LookContract):
    @pytest.fixture
    def start(self) -> START:
        return FakeLooks({damaged_keyframe(seed) for seed in range(5)})


@pytest.fixture
def looks() -> FakeLooks:
    """Find `BAD` damaged."""
    return FakeLooks({BAD})


@pytest.fixture
def watch(looks: FakeLooks) -> DamageWatch:
    """Watch with fake looks; the first one is due at 0 s."""
    watch = DamageWatch(start_look=looks)
    watch.note(SOUND, at_s=-FIRST_LOOK_AFTER_S)
    return watch


def test_few_keyframes_are_looked_at_as_long_as_all_is_well(
    watch: DamageWatch, looks: FakeLooks
) -> None:
    """None at first, as the clip may be short; then one in `LOOK_EVERY_S`."""
    for at_s in range(-3, 3 * int(LOOK_EVERY_S)):
        watch.note(b"%d" % at_s, at_s=at_s)
    assert [keyframe for keyframe, _ in looks.started] == [b"0", b"30", b"60"]


def test_damaged_keyframes_in_a_row_end_the_run(watch: DamageWatch) -> None:
    """The first may be an accident; the next ones are looked at."""
    for number in range(MAX_DAMAGED_KEYFRAMES):
        watch.note(BAD, at_s=number)
    with pytest.raises(CameraUnavailable, match=r"3 keyframes .* do not decode .*cable"):
        watch.note(BAD, at_s=MAX_DAMAGED_KEYFRAMES)


def test_a_sound_keyframe_makes_good_for_damaged_ones(watch: DamageWatch, looks: FakeLooks) -> None:
    """A camera that recovers is let go on."""
    for number in range(MAX_DAMAGED_KEYFRAMES - 1):
        watch.note(BAD, at_s=number)
    for number in range(10):
        watch.note(SOUND, at_s=10 + number)
    assert len(looks.started) == MAX_DAMAGED_KEYFRAMES


def test_a_look_that_does_not_end_is_given_up(watch: DamageWatch, looks: FakeLooks) -> None:
    """One at a time, and never waited for."""
    looks.are_slow = True
    for at_s in range(int(LOOK_EVERY_S)):
        watch.note(BAD, at_s=at_s)
        [(_, look)] = looks.started
        assert look.is_closed == (at_s > LOOK_WITHIN_S)
    watch.note(SOUND, at_s=LOOK_EVERY_S)
    assert len(looks.started) == 2


def test_a_system_that_starts_no_process_is_no_damage(watch: DamageWatch, looks: FakeLooks) -> None:
    """Nobody knows then; the next look is when the next one is due."""
    looks.error = "no memory"
    for number in range(10):
        watch.note(BAD, at_s=number)
    looks.error = None
    watch.note(SOUND, at_s=LOOK_EVERY_S)
    assert len(looks.started) == 1


def test_closing_gives_up_the_look(watch: DamageWatch, looks: FakeLooks) -> None:
    """Once and for all."""
    looks.are_slow = True
    watch.note(SOUND, at_s=0)
    watch.close()
    watch.close()
    [(_, look)] = looks.started
    assert look.is_closed


def test_keyframes_of_a_stream_are_looked_at(watch: DamageWatch, looks: FakeLooks) -> None:
    """With their parameter sets, and nothing else."""
    units = AccessUnitMaker(watch)
    for unit in pictures():
        at_s = (unit.at_s - 100) * LOOK_EVERY_S
        units.unit(CodedPicture(annex_b=unit.annex_b, stamp_s=at_s, arrived_at_s=at_s))
    keyframes = [unit.annex_b for unit in pictures() if unit.keyframe]
    assert [keyframe for keyframe, _ in looks.started] == keyframes


def test_damage_ends_picamera2s_stream_without_an_error_on_its_thread() -> None:
    """An error there would leave its event loop dead; the reader is told instead."""
    queue = UnitQueue(capacity_units=20)
    watch = DamageWatch(start_look=FakeLooks({SOUND}))
    clock = FakeClock()
    sink = FrameSink(queue, clock, AccessUnitMaker(watch))
    for number in range(7):
        sink.take(SOUND, number * int(FIRST_LOOK_AFTER_S) * 1_000_000)
        clock.advance(FIRST_LOOK_AFTER_S)
    for _ in range(1 + MAX_DAMAGED_KEYFRAMES):
        assert queue.get(0) is not None
    with pytest.raises(CameraUnavailable, match="do not decode"):
        queue.get(0)
