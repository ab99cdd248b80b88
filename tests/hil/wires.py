"""How a Pi's pins are wired for the jumper rig, as the command line has it."""

from collections.abc import Sequence

from attrs import frozen

HEADER_PINS = range(28)
DEFAULT_WIRES = ("17:23",)
RIGS = ("virtual", "jumper", "virtual-jumper")


@frozen
class Wire:
    """A wire between two BCM pins: `drive_pin` puts levels on it, `sensor_pin` reads them."""

    sensor_pin: int
    drive_pin: int


SIMULATED_WIRES = (Wire(17, 23), Wire(27, 24), Wire(22, 25))
"""Those of the drawing."""


def parse_wires(texts: Sequence[str]) -> tuple[Wire, ...]:
    """Read texts such as `17:23`, sensor first. Raises `ValueError` saying what is wrong."""
    wires = tuple(map(_parse, texts))
    pins = [pin for wire in wires for pin in (wire.sensor_pin, wire.drive_pin)]
    for pin in pins:
        if pins.count(pin) > 1:
            raise ValueError(f"--jumper: pin {pin} is named twice; a pin is one end of one wire")
    return wires


def _parse(text: str) -> Wire:
    try:
        sensor_pin, drive_pin = map(int, text.split(":"))
    except ValueError as error:
        raise ValueError(
            f"--jumper {text!r}: expected SENSOR:DRIVE, two BCM pins such as 17:23"
        ) from error
    for pin in (sensor_pin, drive_pin):
        if pin not in HEADER_PINS:
            raise ValueError(f"--jumper {text!r}: pin {pin} is none of the header's, 0 to 27")
    return Wire(sensor_pin, drive_pin)
