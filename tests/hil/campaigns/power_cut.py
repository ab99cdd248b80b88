"""The power goes at random instants, again and again: what was accepted must be there.

`nox -s power-cut -- --cuts 50 --seed N`: a virtual Pi with everything on an ext4 disk runs
under load, QEMU is killed, the disk is examined, and the next boot begins where this one
ended. The last boot is not cut: it drains what waits, and then all is counted.

Lost with the guest is what its kernel had not yet handed to the disk; the disk itself keeps
what it was handed, so a disk that lies about its own cache is not shown.
"""

import random
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from attrs import Factory, field, frozen

from tests.hil.campaigns.disk import examine, make_disk
from tests.hil.campaigns.traces import Traces
from tests.hil.rig.cache import RigBroken, say
from tests.hil.rig.guest import VIVID, Guest
from tests.hil.rig.machine import Machine, booted

ROOT = Path(__file__).parents[3]
LOAD_S = 20.0
"""The power goes at most so long after the first press."""

SHARE_IN_START = 0.2
"""Of the cuts come while the programs start, and salvage what the last cut left."""

START_S = 20.0
BOOT_WITHIN_S = 300.0
FINISH_WITHIN_S = 900.0


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
    """The machine's disk, its traces, and the chance that cuts."""

    folder: Path
    environment: Mapping[str, str]
    rng: random.Random
    traces: Traces = field(
        init=False, default=Factory(lambda x: Traces(x.folder / "share"), takes_self=True)
    )

    @property
    def disk(self) -> Path:
        """The image."""
        return self.folder / "disk.img"

    @property
    def found(self) -> Path:
        """The files of the disk, as they were when it was examined last."""
        return self.folder / "found" / "files"

    def run(self, cuts: int) -> list[Cut]:
        """Cut the power so many times, then let it finish. Raises `RigBroken`."""
        self.traces.folder.mkdir(parents=True)
        make_disk(self.disk)
        done = []
        for boot in range(cuts):
            done.append(self._cut(boot))
            cut = done[-1]
            say(
                f"cut {boot + 1} of {cuts}, {cut.after_s:.1f} s into "
                f"{'the start' if cut.is_in_start else 'the load'}: "
                f"{'; '.join(cut.faults) or 'file system and databases sound'}"
            )
        self._finish(cuts)
        return done

    def _cut(self, boot: int) -> Cut:
        is_in_start = self.rng.random() < SHARE_IN_START
        after_s = self.rng.uniform(0, START_S if is_in_start else LOAD_S)
        begun = self.traces.log(boot) if is_in_start else self.traces.under_load(boot)
        with booted(self._guest(boot)) as machine:
            self._await(machine, begun)
            time.sleep(after_s)
            machine.cut_power()
        at_utc = datetime.fromisoformat(self.traces.heartbeat.read_text().strip())
        faults = tuple(examine(self.disk, self.folder / "found"))
        return Cut(
            boot=boot, is_in_start=is_in_start, after_s=after_s, at_utc=at_utc, faults=faults
        )

    def _finish(self, boot: int) -> None:
        with booted(self._guest(boot, "--finish")) as machine:
            if status := machine.wait():
                raise RigBroken(f"the last boot ended with {status}; see {self.traces.log(boot)}")
        if faults := examine(self.disk, self.folder / "found"):
            raise RigBroken(f"after a stop in good order: {faults}")

    def _guest(self, boot: int, *more: str) -> Guest:
        load = ("-m", "tests.hil.campaigns.under_load", "--boot", str(boot), *more)
        return Guest(
            command=[sys.executable, *load],
            environment=self.environment,
            cwd=ROOT,
            timeout_s=FINISH_WITHIN_S,
            modules=("gpio_sim", VIVID),
            memory_mib=512,
            cpus=2,
            disk=self.disk,
            share=self.traces.folder,
        )

    def _await(self, machine: Machine, file: Path) -> None:
        deadline_s = time.monotonic() + BOOT_WITHIN_S
        while not file.exists():
            if machine.process.poll() is not None or time.monotonic() > deadline_s:
                raise machine.broken()
            time.sleep(0.02)
