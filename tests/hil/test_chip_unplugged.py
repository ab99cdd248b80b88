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

SENSORS = """
[[sensors]]
kind = "motion"
pin = {motion}
min_interval_s = 0.1
[[sensors]]
kind = "button"
pin = {button}
pull = "down"
min_interval_s = 0.1
"""
KINDS = ("motion", "button")


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
    """The text names each sensor; once the chip is there again all work by themselves."""
    pins = dict(zip(KINDS, lines.pins, strict=False))

    def press_each() -> None:
        for kind, pin in pins.items():
            lines.drive(pin, high=True)
            assert listener.next()[0] == f"sensor/{kind}"
            lines.drive(pin, high=False)

    for pin in pins.values():
        lines.drive(pin, high=False)
    with edge_process(
        "sensor",
        sensors=SENSORS.format(**pins),
        broker=broker,
        folder=tmp_path,
        awaits={"sensor_ready": 2, "broker_connected": 2},
    ) as running:
        press_each()
        chip.unplug()
        reasons = " ".join(gone["reason"] for gone in await_notices(running, "sensor_failed", 2))
        for kind, name in zip(KINDS, ("PIR Entrée", "Bouton Entrée"), strict=True):
            assert f"'{name}' on pin {pins[kind]} cannot be read" in reasons
        chip.plug()
        await_notices(running, "sensor_ready", 4)
        press_each()
