"""The virtual Pi of the campaigns: 512 MB, and its files on an ext4 disk."""

import sys
from collections.abc import Mapping
from pathlib import Path

from attrs import Factory, field, frozen

from tests.hil.campaigns.disk import DATABASES, examine, make_disk
from tests.hil.campaigns.traces import Traces
from tests.hil.rig.cache import RigBroken
from tests.hil.rig.guest import VIVID, Guest
from tests.hil.rig.machine import run_in_guest

ROOT = Path(__file__).parents[3]
MEMORY_MIB = 512
FINISH_WITHIN_S = 1800.0


@frozen
class VirtualPi:
    """Its disk and its traces are in `folder`, which must be new."""

    folder: Path
    environment: Mapping[str, str]
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

    @property
    def database(self) -> Path:
        """The database that was found, as SQLite has seen to it."""
        return self.folder / "found" / DATABASES / "surveillance.db"

    def unpack(self) -> None:
        """Make the disk and the folder of the traces."""
        self.traces.folder.mkdir(parents=True)
        make_disk(self.disk)

    def guest(
        self,
        module: str,
        *arguments: object,
        more_modules: tuple[str, ...] = (),
        timeout_s: float = FINISH_WITHIN_S,
    ) -> Guest:
        """Say a boot that runs `python -m module`, with kernel modules besides pin and camera."""
        return Guest(
            command=[sys.executable, "-m", module, *map(str, arguments)],
            environment=self.environment,
            cwd=ROOT,
            timeout_s=timeout_s,
            modules=("gpio_sim", VIVID, *more_modules),
            memory_mib=MEMORY_MIB,
            disk=self.disk,
            share=self.traces.folder,
        )

    def examine(self) -> tuple[str, ...]:
        """Look at the disk, and say what is wrong with it."""
        return tuple(examine(self.disk, self.folder / "found"))

    def run_to_its_end(self, guest: Guest) -> None:
        """Run a boot that ends in good order. Raises `RigBroken` if it does not."""
        if status := run_in_guest(guest):
            raise RigBroken(f"the guest's program ended with {status}; see {self.traces.folder}")
        if faults := self.examine():
            raise RigBroken(f"after a stop in good order: {faults}")
