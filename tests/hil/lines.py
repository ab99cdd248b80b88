"""The hand at the wire: puts levels on sensor lines from outside the program under test."""

from pathlib import Path
from typing import Protocol

from surveil_adapters.gpio.pin_factory import open_pin_factory


class Lines(Protocol):
    """`pins` are the BCM numbers that can be driven."""

    pins: tuple[int, ...]

    def drive(self, pin: int, *, high: bool) -> None:
        """Put a level on the line of `pin`."""

    def close(self) -> None:
        """Let go of all lines."""


def _import_lgpio_without_traces() -> int:
    """Have the product import lgpio, and say which chip is the header's."""
    factory = open_pin_factory(None)
    chip: int = factory.chip
    factory.close()
    return chip


class GpioSimLines:
    """Lines of the kernel's gpio-sim: its `pull` file is what a wire would do.

    The kernel rewrites it when a line is claimed with a bias.
    """

    pins = (17, 27)

    def __init__(self) -> None:
        chips = list(Path("/sys/devices/platform").glob("gpio-sim.*/gpiochip*"))
        if len(chips) != 1:
            raise FileNotFoundError(
                f"{len(chips)} gpio-sim chips here, expected 1; start this suite by "
                "python -m tests.hil.rig, which boots the virtual Pi"
            )
        self._chip = chips[0]

    def drive(self, pin: int, *, high: bool) -> None:
        """Set the simulated pull."""
        (self._chip / f"sim_gpio{pin}/pull").write_text("pull-up" if high else "pull-down")

    def close(self) -> None:
        """Nothing is held."""


class JumperLines:
    """Output pins of this Pi, each wired to a sensor pin (through 1 kohm, in case).

    `wires` are texts such as `17:23`: sensor pin, then driving pin.
    """

    def __init__(self, wires: list[str]) -> None:
        chip = _import_lgpio_without_traces()
        import lgpio

        self._lgpio = lgpio
        self._drive_pins = dict(tuple(map(int, wire.split(":"))) for wire in wires)
        self.pins = tuple(self._drive_pins)
        self._chip = lgpio.gpiochip_open(chip)
        for pin in self._drive_pins.values():
            lgpio.gpio_claim_output(self._chip, pin, 0)

    def drive(self, pin: int, *, high: bool) -> None:
        """Set the output at the other end of the wire."""
        self._lgpio.gpio_write(self._chip, self._drive_pins[pin], int(high))

    def close(self) -> None:
        """Make the outputs inputs again."""
        self._lgpio.gpiochip_close(self._chip)
