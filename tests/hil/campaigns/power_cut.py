"""The power goes at random instants, again and again: what was accepted must be there.

`nox -s power-cut -- --cuts 50 --seed N`: a virtual Pi with everything on an ext4 disk runs
under load, QEMU is killed, the disk is examined, and the next boot begins where this one
ended. The last boot is not cut: it drains what waits, and then all is counted.

Lost with the guest is what its kernel had not yet handed to the disk; the disk itself keeps
what it was handed, so a disk that lies about its own cache is not shown.
"""

import random
import time
from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

from tests.hil.campaigns.guest_clock import GuestClock
from tests.hil.campaigns.pi import VirtualPi
from tests.hil.rig.cache import say
from tests.hil.rig.machine import Machine, booted

INSIDE = "tests.hil.campaigns.under_load"
LOAD_S = 20.0
"""The power goes at most so long after the first press."""

SHARE_IN_START = 0.2
"""Of the cuts come while the programs start, and salvage what the last cut left."""

START_S = 20.0
BOOT_WITHIN_S = 300.0
LOOK_EVERY_S = 0.02


@frozen(kw_only=True)
class Cut:
    """One power cut: when, and what an examiner found on the disk right after it."""

    boot: int
    is_in_start: bool
    after_s: float
    at_utc: datetime
    faults: tuple[str, ...] = ()


@frozen
class Campaign:
    """The machine, and the chance that cuts."""

    pi: VirtualPi
    rng: random.Random

    def run(self, cuts: int) -> list[Cut]:
        """Cut the power so many times, then let it finish. Raises `RigBroken`."""
        self.pi.unpack()
        done = []
        for boot in range(cuts):
            done.append(self._cut(boot))
            cut = done[-1]
            say(
                f"cut {boot + 1} of {cuts}, {cut.after_s:.1f} s into "
                f"{'the start' if cut.is_in_start else 'the load'}: "
                f"{'; '.join(cut.faults) or 'file system and databases sound'}"
            )
        self.pi.run_to_its_end(self.pi.guest(INSIDE, "--boot", cuts, "--finish"))
        return done

    def _cut(self, boot: int) -> Cut:
        is_in_start = self.rng.random() < SHARE_IN_START
        after_s = self.rng.uniform(0, START_S if is_in_start else LOAD_S)
        traces = self.pi.traces
        begun = traces.log(boot) if is_in_start else traces.under_load(boot)
        clock = GuestClock(traces.heartbeat)
        with booted(self.pi.guest(INSIDE, "--boot", boot)) as machine:
            await_file(machine, begun, clock)
            ends_s = time.monotonic() + after_s
            while time.monotonic() < ends_s:
                clock.look()
                time.sleep(LOOK_EVERY_S)
            machine.cut_power()
            at_utc = clock.at(datetime.now(UTC))
        return Cut(
            boot=boot,
            is_in_start=is_in_start,
            after_s=after_s,
            at_utc=at_utc,
            faults=self.pi.examine(),
        )


def await_file(machine: Machine, file: Path, clock: GuestClock) -> None:
    """Wait for a file of the guest's, learning its clock. Raises `RigBroken`."""
    deadline_s = time.monotonic() + BOOT_WITHIN_S
    while not file.exists():
        if machine.process.poll() is not None or time.monotonic() > deadline_s:
            raise machine.broken()
        clock.look()
        time.sleep(LOOK_EVERY_S)
