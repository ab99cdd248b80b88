"""The queue between a camera and its reader."""

import pytest

from surveil_adapters.camera.unit_queue import UnitQueue
from surveil_core.errors import CameraUnavailable
from surveil_core.video import AccessUnit


def unit(number: int, *, keyframe: bool = False) -> AccessUnit:
    return AccessUnit(annex_b=bytes([number]), keyframe=keyframe, at_s=float(number))


def all_of(queue: UnitQueue) -> list[int]:
    taken = []
    while (one := queue.get(0)) is not None:
        taken.append(one.annex_b[0])
    return taken


def test_pictures_come_out_in_order_from_the_first_keyframe() -> None:
    """What cannot be decoded is not queued."""
    queue = UnitQueue(capacity_units=10)
    for one in (unit(0), unit(1, keyframe=True), unit(2)):
        queue.put(one)
    assert all_of(queue) == [1, 2]
    assert queue.dropped_pictures == 0


@pytest.mark.parametrize("limits", [{"capacity_units": 2}, {"capacity_units": 9, "max_bytes": 2}])
def test_a_full_queue_drops_to_the_next_keyframe(limits: dict[str, int]) -> None:
    """The tail of a group whose middle is missing is not queued either."""
    queue = UnitQueue(**limits)
    for one in (unit(0, keyframe=True), unit(1), unit(2)):
        queue.put(one)
    assert all_of(queue) == [0, 1]
    for one in (unit(3), unit(4, keyframe=True)):
        queue.put(one)
    assert all_of(queue) == [4]
    assert queue.dropped_pictures == 2


def test_the_end_comes_after_the_last_picture() -> None:
    """What had been received is still read; then the first reason is told."""
    queue = UnitQueue(capacity_units=2)
    queue.put(unit(0, keyframe=True))
    queue.end("unplugged")
    queue.end("closed")
    queue.put(unit(1, keyframe=True))
    assert queue.get(0) is not None
    with pytest.raises(CameraUnavailable, match=r"^unplugged$"):
        queue.get(0)
