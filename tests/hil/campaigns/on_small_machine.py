"""In the guest: what events and clips cost the disk, then an hour of a recorded home.

    python -m tests.hil.campaigns.on_small_machine

Looks at the edge every few seconds while the hand plays the score.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import asdict, define, field

from bench.delivery import procfs
from tests.hil.campaigns.disk import DATA
from tests.hil.campaigns.hand import Move
from tests.hil.campaigns.inside import Process, await_calm, await_ready, cloud, edge, stop
from tests.hil.campaigns.settings import DURATION_S, configuration
from tests.hil.campaigns.traces import Traces
from tests.hil.lines import GpioSimLines
from tests.hil.rig.guest import DISK_AT, SHARE_AT
from tests.rig.brokers import NativeBroker

BROKER_PORT = 18830
IDLE_S = 60.0
EVENTS, EVENT_EVERY_S = 200, 0.5
CLIPS = 5
LOOK_EVERY_S = 5.0
THE_HOUR = "the hour"
SECTOR_BYTES = 512
_SECTORS_WRITTEN = 6
"""Field of `/sys/block/DEVICE/stat` (Documentation/block/stat.rst), from 0 on."""


@define
class Bench:
    """The running edge, the hand, and where is told what was seen."""

    traces: Traces
    process: Process
    score: dict[str, Any]
    lines: GpioSimLines = field(factory=GpioSimLines)
    stage: str = "start"
    moves: list[Move] = field(factory=list)

    def press(self, pin: int) -> None:
        """Press and let go."""
        self.drive(pin, high=True)
        self.drive(pin, high=False)

    def drive(self, pin: int, *, high: bool) -> None:
        """Put a level on a line, and remember when."""
        before_s = time.time()
        self.lines.drive(pin, high=high)
        self.moves.append(
            Move(stage=self.stage, pin=pin, high=high, before_s=before_s, after_s=time.time())
        )

    def tell_moves(self) -> None:
        """Write down what the hand did. It does not write while it plays, which takes time."""
        with self.traces.moves.open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(asdict(move)) + "\n" for move in self.moves)

    def cost(self, name: str, do: Callable[[], None]) -> None:
        """Tell what the disk was given to write while `do` ran and all that it began ended."""
        self.stage = name
        os.sync()
        before, began_s = self._counts(), time.monotonic()
        do()
        self.stage = f"after {name}"
        await_calm(self.traces, 0, self.process)
        os.sync()
        after = self._counts()
        told = {key: after[key] - before[key] for key in before}
        line = {"stage": name, "lasted_s": time.monotonic() - began_s, **told}
        with self.traces.costs.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def idle(self) -> None:
        """Do nothing."""
        time.sleep(IDLE_S)

    def few_events(self) -> None:
        """Press what does not film."""
        for _ in range(EVENTS):
            self.press(self.score["contact_pin"])
            time.sleep(EVENT_EVERY_S)

    def few_clips(self) -> None:
        """Press what films, far enough apart that each has a clip of its own."""
        for _ in range(CLIPS):
            self.press(self.score["motion_pin"])
            time.sleep(2 * DURATION_S)

    def play(self) -> None:
        """Play the score, each step at its time or as soon as possible."""
        start_s = time.monotonic()
        for at_s, pin, high in self.score["steps"]:
            time.sleep(max(0.0, start_s + at_s - time.monotonic()))
            self.drive(pin, high=high)
        time.sleep(max(0.0, start_s + self.score["lasts_s"] - time.monotonic()))

    def look(self) -> None:
        """Look at the edge until it ends."""
        with self.traces.samples.open("a", buffering=1) as stream:
            while self.process.poll() is None:
                sample = {"stage": self.stage, **_sample(self.process.pid)}
                stream.write(json.dumps(sample) + "\n")
                time.sleep(LOOK_EVERY_S)

    def _counts(self) -> dict[str, int]:
        clips = self.traces.notices(0, "clip_stored")
        events = self.traces.notices(0, "event_published", "event_kept")
        return {
            "written_bytes": _written_bytes(),
            "events": len(events),
            "clips": len(clips),
            "clip_bytes": sum(clip["clip_bytes"] for clip in clips),
        }


def main() -> int:
    """Run all stages once."""
    traces = Traces(SHARE_AT)
    score = json.loads(traces.score.read_text(encoding="utf-8"))
    (DISK_AT / "broker").mkdir(exist_ok=True)
    broker = NativeBroker(DISK_AT / "broker", port=BROKER_PORT)
    broker.start()
    with cloud(traces.cloud) as port:
        text = configuration(
            broker=broker.address,
            cloud_port=port,
            data_dir=DISK_AT / DATA,
            sensors=score["configuration"],
        )
        with edge(traces.log(0), text) as process:
            await_ready(traces, 0, process, sensors=score["sensors"])
            bench = Bench(traces, process, score)
            looking = threading.Thread(target=bench.look)
            looking.start()
            bench.cost("nothing", bench.idle)
            bench.cost("events", bench.few_events)
            bench.cost("clips", bench.few_clips)
            bench.cost(THE_HOUR, bench.play)
            bench.tell_moves()
            status = stop(process)
            looking.join()
    broker.stop()
    os.sync()
    return status


def _written_bytes() -> int:
    fields = Path("/sys/block/vda/stat").read_text(encoding="utf-8").split()
    return int(fields[_SECTORS_WRITTEN]) * SECTOR_BYTES


def _sample(pid: int) -> dict[str, float]:
    """Look at the process, and at the tree of those that it started."""
    return {
        "at_s": time.monotonic(),
        "rss_mb": procfs.rss_mb(pid),
        "own_rss_mb": procfs.own_rss_mb(pid),
        "descriptors": _entries(pid, "fd"),
        "threads": _entries(pid, "task"),
        "available_mb": _available_mb(),
    }


def _entries(pid: int, name: str) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/{name}"))
    except FileNotFoundError:
        return 0  # it has just ended


def _available_mb() -> float:
    text = Path("/proc/meminfo").read_text(encoding="utf-8")
    [line] = [line for line in text.splitlines() if line.startswith("MemAvailable:")]
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    sys.exit(main())
