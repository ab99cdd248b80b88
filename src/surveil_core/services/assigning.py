"""Which camera films an event: that of its sensor."""

from collections.abc import Mapping

from attrs import field, frozen

from surveil_core.ports.recorder import Recorder, Trigger


@frozen(kw_only=True)
class CameraAssignment:
    """Names cameras by their numbers. `other` films what no camera names the sensor of."""

    camera_by_pin: Mapping[int, int] = field(factory=dict)
    other: int = 1

    def camera_for(self, gpio_pin: int | None) -> int:
        """Choose for an event of the sensor at this pin; None where it is at none of ours."""
        return self.other if gpio_pin is None else self.camera_by_pin.get(gpio_pin, self.other)


@frozen(kw_only=True)
class AssigningRecorder:
    """A `Recorder` that hands each trigger to its camera's, by number."""

    assignment: CameraAssignment
    recorders: Mapping[int, Recorder]

    def expect(self, at_s: float | None) -> None:
        """Tell all of them: whose it is shows when it comes."""
        for recorder in self.recorders.values():
            recorder.expect(at_s)

    def trigger(self, trigger: Trigger) -> None:
        """Have its camera film it. Never blocks and never raises."""
        self.recorders[self.assignment.camera_for(trigger.gpio_pin)].trigger(trigger)
