"""A disk that fills up under load, and is freed: a small tmpfs."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from surveil_core.services.dispatching import RUN_EVENTS
from tests.integration.faults.ledger import Leeway
from tests.integration.faults.load import in_background, pressing
from tests.integration.faults.plant import Plant, Service
from tests.waiting import wait_for

pytestmark = pytest.mark.faults

DISK_BYTES = 32 * 1024 * 1024
"""Three databases fit in, each with a WAL that reaches 4 MiB before it is used again."""


@pytest.fixture
def small_disk(plant: Plant) -> Iterator[Path]:
    """Put the data folder on a disk of its own."""
    plant.data_dir.mkdir()
    options = ["-o", f"size={DISK_BYTES}", "faults", str(plant.data_dir)]
    mounted = subprocess.run(["mount", "-t", "tmpfs", *options], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a tmpfs needs the right to mount: {mounted.stderr.decode().strip()}")
    try:
        yield plant.data_dir
    finally:
        plant.stop()
        subprocess.run(["umount", "--lazy", str(plant.data_dir)], check=True)


MOST_COMPLAINTS = 20
"""Not one for each event: the disk is tried again after pauses that grow."""


def fill(disk: Path) -> Path:
    """Write until the disk takes nothing more."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        for size_bytes in (65536, 4096, 1):
            try:
                while True:
                    file.write(os.urandom(size_bytes))
            except OSError:
                continue
    return filler


def test_a_disk_that_is_full_for_a_while(plant: Plant, small_disk: Path) -> None:
    """Nobody stops; what no disk takes waits with the broker or in the sensor's memory."""
    plant.add("sensor", "bridge", "surveillance")
    events, devices = plant.count(600), plant.devices(5)
    with ExitStack() as stack:
        client = stack.enter_context(plant.client())
        stack.enter_context(
            in_background(lambda: client.publish_events(events, devices, per_s=100), lambda: None)
        )
        stack.enter_context(pressing(plant.data_dir, per_s=40))
        plant.pause(0.5, 1.5)
        filler = fill(small_disk)
        for service in plant.services.values():
            wait_for(f"{service.name} says so", partial(_says_full, service), within_s=20)
        plant.pause(1, 3)
        filler.unlink()
    plant.check()
    for service in plant.services.values():
        assert len(service.notices("store_failed")) < MOST_COMPLAINTS, f"{service.name} is a bore"


def test_a_disk_that_is_full_from_the_start(plant: Plant, small_disk: Path) -> None:
    """Started on a full disk, our programs work as soon as it is freed."""
    plant.add("bridge", "surveillance")
    devices = plant.devices(3)
    with plant.client() as client:
        client.publish_events(plant.count(100), devices)
        for name in ("bridge", "surveillance"):
            plant.services[name].kill()
        filler = fill(small_disk)
        for name in ("bridge", "surveillance"):
            plant.services[name].start(and_wait=False)
        client.publish_events(plant.count(100), devices)
        plant.pause(2, 4)
        filler.unlink()
        client.publish_events(plant.count(100), devices)
    plant.check(Leeway(repeated_posts=RUN_EVENTS * len(devices)))


def _says_full(service: Service) -> bool:
    return any("disk" in one["reason"] for one in service.notices("store_failed"))
