"""Each event to the camera of its sensor."""

from surveil_core.events import EventType
from surveil_core.ports.recorder import Trigger
from surveil_core.services.assigning import AssigningRecorder, CameraAssignment
from tests.fakes.recorder import FakeRecorder


def trigger(number: int, gpio_pin: int | None) -> Trigger:
    return Trigger(
        event_row_id=number,
        event_id=f"evt-{number}",
        event_type=EventType.MOTION_DETECTED,
        at_s=0.0,
        gpio_pin=gpio_pin,
    )


def test_a_trigger_goes_to_its_sensors_camera_alone() -> None:
    """And what no camera was given, or names no pin, to the one for the others."""
    recorders = {1: FakeRecorder(), 2: FakeRecorder(), 3: FakeRecorder()}
    assigning = AssigningRecorder(
        assignment=CameraAssignment(camera_by_pin={17: 1, 5: 3}, other=2), recorders=recorders
    )
    for number, pin in enumerate([17, 5, 22, None, 5]):
        assigning.trigger(trigger(number, pin))
    taken = {
        number: [trigger.event_row_id for trigger in recorder.triggers]
        for number, recorder in recorders.items()
    }
    assert taken == {1: [0], 2: [2, 3], 3: [1, 4]}


def test_an_event_that_is_being_stored_concerns_all_of_them() -> None:
    """Nobody has looked yet whose it is."""
    recorders = {1: FakeRecorder(), 2: FakeRecorder()}
    assigning = AssigningRecorder(assignment=CameraAssignment(), recorders=recorders)
    assigning.expect(5.0)
    assigning.expect(None)
    assert [recorder.expected for recorder in recorders.values()] == [[5.0, None]] * 2


def test_a_single_camera_films_everything() -> None:
    """Without an assignment there is only camera 1."""
    assert [CameraAssignment().camera_for(pin) for pin in (17, 5, None)] == [1, 1, 1]
