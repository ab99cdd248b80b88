"""The hand at the wire: puts levels on sensor lines from outside the program under test."""

from pathlib import Path
from typing import Protocol

from surveil_adapters.gpio.pin_factory import open_pin_factory


class Lines(Protocol):
    """`pins` are the BCM numbers that can be driven."""

    pins: tuple[int, ...]

    def drive(self, pin: int, *, high: bool) -> None:
        """Put a level on the line of `pin`."""

    def is_high_undriven(self, pin: int) -> bool:
        """Let go of the line and say which level its pull gives it."""

    def close(self) -> None:
        """Let go of all lines."""


def interrupts_at(pin: int) -> int:
    """Say how many edges of a line that lgpio watches have interrupted the kernel."""
    header, *rows = Path("/proc/interrupts").read_text().splitlines()
    cpus = len(header.split())
    for row in map(str.split, rows):
        if row[-1] == "lg" and str(pin) in row[cpus + 1 : -1]:
            return sum(map(int, row[1 : cpus + 1]))
    raise AssertionError(f"/proc/interrupts names no line {pin} of lgpio:\n" + "\n".join(rows))


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

    pins: tuple[int, ...] = (17, 27, 22)

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

    def is_high_undriven(self, pin: int) -> bool:
        """Read the line: a claim with a bias has put away what `drive` had put there."""
        return (self._chip / f"sim_gpio{pin}/value").read_text().strip() == "1"

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
        pairs = [wire.split(":") for wire in wires]
        self._drive_pins = {int(sensor_pin): int(drive_pin) for sensor_pin, drive_pin in pairs}
        self.pins = tuple(self._drive_pins)
        self._chip = lgpio.gpiochip_open(chip)
        for pin in self.pins:
            self.drive(pin, high=False)

    def drive(self, pin: int, *, high: bool) -> None:
        """Claim the other end of the wire as an output of this level."""
        self._lgpio.gpio_claim_output(self._chip, self._drive_pins[pin], int(high))

    def is_high_undriven(self, pin: int) -> bool:
        """Make the other end of the wire an input and read through it."""
        other_end = self._drive_pins[pin]
        self._lgpio.gpio_claim_input(self._chip, other_end, self._lgpio.SET_PULL_NONE)
        return bool(self._lgpio.gpio_read(self._chip, other_end))

    def close(self) -> None:
        """Make the outputs inputs again."""
        self._lgpio.gpiochip_close(self._chip)
