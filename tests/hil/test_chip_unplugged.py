"""The real sensor process, and a GPIO chip that disappears and returns."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

from tests.hil.edge import await_notices, edge_process
from tests.hil.lines import GpioSimLines, Lines
from tests.hil.listener import Listener
from tests.rig.brokers import Address
from tests.waiting import wait_for

LIVE = Path("/sys/kernel/config/gpio-sim/pi/live")
CHIP = Path("/dev/gpiochip0")

SENSOR = "[[sensors]]\nkind = 'motion'\npin = {pin}\nmin_interval_s = 0.1\n"


@frozen
class Chip:
    """The simulated chip, which software takes away and brings back."""

    lines: GpioSimLines

    def unplug(self) -> None:
        """Take it away."""
        self.lines.forget()
        LIVE.write_text("0")

    def plug(self) -> None:
        """Bring it back."""
        LIVE.write_text("1")
        wait_for("the chip is there", CHIP.is_char_device, within_s=30)


@pytest.fixture
def chip(lines: Lines) -> Iterator[Chip]:
    """The chip under all lines; it is there again in the end."""
    if not LIVE.exists() or not isinstance(lines, GpioSimLines):
        pytest.skip("no software can take this chip away")
    chip = Chip(lines)
    yield chip
    if LIVE.read_text().strip() == "0":
        chip.plug()


def test_a_chip_that_goes_is_told_and_its_sensors_come_back(
    chip: Chip, lines: Lines, broker: Address, listener: Listener, tmp_path: Path
) -> None:
    """The text names the sensor; once the chip is there again the sensor works by itself."""
    pin = lines.pins[0]
    lines.drive(pin, high=False)
    with edge_process(
        "sensor-motion",
        sensors=SENSOR.format(pin=pin),
        broker=broker,
        folder=tmp_path,
        awaits={"sensor_ready": 1, "broker_connected": 1},
    ) as running:
        lines.drive(pin, high=True)
        assert listener.next()[0] == "sensor/motion"
        chip.unplug()
        [gone, *_] = await_notices(running, "sensor_failed")
        assert f"'PIR Entrée' on pin {pin} cannot be read" in gone["reason"]
        chip.plug()
        await_notices(running, "sensor_ready", 2)
        lines.drive(pin, high=False)
        lines.drive(pin, high=True)
        assert listener.next()[0] == "sensor/motion"
