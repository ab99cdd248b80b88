"""How the wires of the jumper rig are named."""

import pytest

from tests.hil.wires import DEFAULT_WIRES, Wire, parse_wires


def test_a_wire_is_named_sensor_first() -> None:
    """The default is the drawing's: GPIO 23 drives GPIO 17."""
    assert parse_wires(DEFAULT_WIRES) == (Wire(17, 23),)
    assert parse_wires(["17:23", "27:24"]) == (Wire(17, 23), Wire(27, 24))


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["17"], "expected SENSOR:DRIVE"),
        (["17:23:24"], "expected SENSOR:DRIVE"),
        (["17:GPIO23"], "expected SENSOR:DRIVE"),
        (["17:40"], "pin 40 is none of the header's, 0 to 27"),
        (["17:17"], "pin 17 is named twice"),
        (["17:23", "27:23"], "pin 23 is named twice"),
    ],
)
def test_a_wrong_wire_is_refused_before_a_pin_is_touched(texts: list[str], told: str) -> None:
    """Two outputs on one wire would fight, so a mistake ends here."""
    with pytest.raises(ValueError, match=told):
        parse_wires(texts)
