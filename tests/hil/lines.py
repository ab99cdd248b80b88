"""The hand at the wire: puts levels on sensor lines from outside the program under test."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from surveil_adapters.gpio.pin_factory import open_pin_factory
from tests.hil.wires import Wire

SETTLE_S = 0.01
"""Far longer than a level takes through 1 kohm."""


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
        self._chip = gpio_sim_chip()
        self._pulls: dict[int, int] = {}

    def drive(self, pin: int, *, high: bool) -> None:
        """Set the simulated pull. Its file stays open: a bounce is faster than opening one."""
        if pin not in self._pulls:
            self._pulls[pin] = os.open(self._chip / f"sim_gpio{pin}/pull", os.O_WRONLY)
        os.pwrite(self._pulls[pin], b"pull-up" if high else b"pull-down", 0)

    def is_high_undriven(self, pin: int) -> bool:
        """Read the line: a claim with a bias has put away what `drive` had put there."""
        return (self._chip / f"sim_gpio{pin}/value").read_text().strip() == "1"

    def forget(self) -> None:
        """Close the files; after the chip was away they are others."""
        while self._pulls:
            os.close(self._pulls.popitem()[1])

    def close(self) -> None:
        """Close the files."""
        self.forget()


def gpio_sim_chip() -> Path:
    """Find the one simulated chip. Raises `FileNotFoundError` saying what boots one."""
    chips = list(Path("/sys/devices/platform").glob("gpio-sim.*/gpiochip*"))
    if len(chips) != 1:
        raise FileNotFoundError(
            f"{len(chips)} gpio-sim chips here, expected 1; start this suite by "
            "python -m tests.hil.rig, which boots the virtual Pi"
        )
    return chips[0]


Electricity = Callable[[int, int], None]
"""Makes the level of the second pin that of the first."""


def copper(from_pin: int, to_pin: int) -> None:
    """A wire of copper needs no help."""


class WireMissing(Exception):
    """The two ends of a wire do not have the same level; the text says which pins."""


class JumperLines:
    """Output pins of this Pi, each wired to a sensor pin (through 1 kohm, in case).

    Raises `WireMissing` when a sensor's pin does not follow the other end of its wire.
    """

    def __init__(self, wires: Sequence[Wire], electricity: Electricity = copper) -> None:
        chip = _import_lgpio_without_traces()
        import lgpio

        self._lgpio = lgpio
        self._electricity = electricity
        self._wires = {wire.sensor_pin: wire for wire in wires}
        self._outputs: set[int] = set()
        self.pins = tuple(self._wires)
        self._chip = lgpio.gpiochip_open(chip)
        try:
            for wire in wires:
                self._check(wire)
        except BaseException:
            self.close()
            raise

    def drive(self, pin: int, *, high: bool) -> None:
        """Put a level on the other end of the wire, claimed as an output the first time."""
        wire = self._wires[pin]
        if pin in self._outputs:
            self._lgpio.gpio_write(self._chip, wire.drive_pin, int(high))
        else:
            self._lgpio.gpio_claim_output(self._chip, wire.drive_pin, int(high))
            self._outputs.add(pin)
        self._electricity(wire.drive_pin, wire.sensor_pin)

    def is_high_undriven(self, pin: int) -> bool:
        """Make the other end of the wire an input and read through it."""
        wire = self._wires[pin]
        self._let_go(wire)
        self._electricity(wire.sensor_pin, wire.drive_pin)
        return bool(self._lgpio.gpio_read(self._chip, wire.drive_pin))

    def close(self) -> None:
        """Make the outputs inputs again: a kernel may keep a level beyond its program."""
        for pin in tuple(self._outputs):
            self._let_go(self._wires[pin])
        self._lgpio.gpiochip_close(self._chip)

    def _let_go(self, wire: Wire) -> None:
        self._lgpio.gpio_claim_input(self._chip, wire.drive_pin, self._lgpio.SET_PULL_NONE)
        self._outputs.discard(wire.sensor_pin)

    def _check(self, wire: Wire) -> None:
        """See both levels arrive, then leave the line low and its sensor's pin free."""
        self._lgpio.gpio_claim_input(self._chip, wire.sensor_pin, self._lgpio.SET_PULL_NONE)
        for high in (True, False):
            self.drive(wire.sensor_pin, high=high)
            time.sleep(SETTLE_S)
            if bool(self._lgpio.gpio_read(self._chip, wire.sensor_pin)) is not high:
                raise WireMissing(
                    f"GPIO {wire.drive_pin} was made {'HIGH' if high else 'LOW'} and GPIO "
                    f"{wire.sensor_pin} did not follow; join the two through 1 kohm, as the "
                    "drawing in docs/how-to/hil.md shows, or name your pins with --jumper"
                )
        self._lgpio.gpio_free(self._chip, wire.sensor_pin)


def gpio_sim_wire(from_pin: int, to_pin: int) -> None:
    """Join two lines of gpio-sim, so that the jumper rig's code can be run there."""
    chip = gpio_sim_chip()
    level = (chip / f"sim_gpio{from_pin}/value").read_text().strip()
    (chip / f"sim_gpio{to_pin}/pull").write_text("pull-up" if level == "1" else "pull-down")
