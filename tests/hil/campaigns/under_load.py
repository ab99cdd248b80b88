"""In the guest: the whole edge on its ext4 disk, with a broker, a cloud, and a busy hand.

    python -m tests.hil.campaigns.under_load --boot N [--finish]

Runs until the power goes. With `--finish` nobody presses any more: it waits until nothing is
left to be done, and ends in good order.
"""

import argparse
import os
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.hil.campaigns.disk import DATA
from tests.hil.campaigns.inside import Process, await_calm, await_ready, cloud, edge, stop
from tests.hil.campaigns.settings import ROUND, configuration
from tests.hil.campaigns.traces import Traces
from tests.hil.lines import GpioSimLines
from tests.hil.rig.guest import DISK_AT, SHARE_AT
from tests.rig.brokers import NativeBroker

BROKER_PORT = 18830
HEARTBEAT_S = 0.1


def main() -> int:
    """Run the load of one boot."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--boot", type=int, required=True)
    parser.add_argument("--finish", action="store_true")
    options = parser.parse_args()
    traces, boot = Traces(SHARE_AT), options.boot
    lines = GpioSimLines()
    threading.Thread(target=_beat, args=(traces.heartbeat,), daemon=True).start()
    (DISK_AT / "broker").mkdir(exist_ok=True)
    broker = NativeBroker(DISK_AT / "broker", port=BROKER_PORT)
    broker.start()
    with cloud(traces.cloud) as port:
        text = configuration(broker=broker.address, cloud_port=port, data_dir=DISK_AT / DATA)
        with edge(traces.log(boot), text) as process:
            await_ready(traces, boot, process)
            traces.under_load(boot).touch()
            if options.finish:
                await_calm(traces, boot, process)
                status = stop(process)
            else:
                status = _press_for_ever(lines, traces.presses(boot), process)
    broker.stop()
    os.sync()
    return status


def _beat(file: Path) -> None:
    """Write the time over and over."""
    with file.open("wb", buffering=0) as stream:
        while True:
            os.pwrite(stream.fileno(), datetime.now(UTC).isoformat().encode().ljust(40), 0)
            time.sleep(HEARTBEAT_S)


def _press_for_ever(lines: GpioSimLines, told: Path, process: Process) -> int:
    """Press by the score of `ROUND` as long as the edge lives, and say its status."""
    rest = {pin: high for _, pin, high in ROUND}
    for pin, high in rest.items():
        lines.drive(pin, high=high)
    with told.open("a", buffering=1) as stream:
        while process.poll() is None:
            for pause_s, pin, is_high_at_rest in ROUND:
                lines.drive(pin, high=not is_high_at_rest)
                lines.drive(pin, high=is_high_at_rest)
                stream.write(f"{time.monotonic():.3f} {pin}\n")
                time.sleep(pause_s)
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
