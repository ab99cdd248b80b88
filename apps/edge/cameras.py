"""The cameras of a configuration: `[camera]` for one, `[[cameras]]` for several."""

from collections.abc import Sequence
from typing import Any

from apps.settings import nearest
from surveil_core.errors import ConfigurationError
from surveil_core.ports.sensors import SensorSpec
from surveil_core.services.assigning import CameraAssignment

DEFAULT_NAME = "Caméra {number}"


def fill_in_cameras(document: dict[str, Any]) -> None:
    """Call each camera that has no name by its number.

    Raises `ConfigurationError` when both forms are used, or the list is empty.
    """
    if "cameras" in document and "camera" in document:
        raise ConfigurationError(
            "[camera] and [[cameras]] are both given; write the first camera as a [[cameras]], too"
        )
    if document.get("cameras") == []:
        raise ConfigurationError("cameras is empty, expected at least one [[cameras]]")
    for number, camera in enumerate(document.get("cameras", []), start=1):
        camera.setdefault("name", DEFAULT_NAME.format(number=number))


def assign(
    sensors: Sequence[SensorSpec], names_by_camera: Sequence[Sequence[str]]
) -> CameraAssignment:
    """Say which camera films which sensor, from the names that each camera's setting has.

    The first camera that names none films all sensors that no camera names, or else camera 1.
    Raises `ConfigurationError` for a sensor that is not configured, or that two cameras name.
    """
    pin_by_name = {sensor.name: sensor.pin for sensor in sensors}
    camera_by_pin: dict[int, int] = {}
    for number, names in enumerate(names_by_camera, start=1):
        for name in names:
            if name not in pin_by_name:
                raise ConfigurationError(
                    f"cameras: no sensor is called {name!r}; {nearest(name, pin_by_name)}"
                )
            other = camera_by_pin.setdefault(pin_by_name[name], number)
            if other != number:
                raise ConfigurationError(
                    f"cameras: sensor {name!r} is given to cameras {other} and {number}; "
                    "an event has one video, so give it to one"
                )
    free = [number for number, names in enumerate(names_by_camera, start=1) if not names]
    if len(free) > 1:
        raise ConfigurationError(
            f"cameras: cameras {', '.join(map(str, free))} name no sensors; "
            "all but one need a list of sensors, such as sensors = ['PIR Entrée']"
        )
    return CameraAssignment(camera_by_pin=camera_by_pin, other=free[0] if free else 1)
