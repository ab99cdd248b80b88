"""In the guest: the edge behind a cable that is pulled, and a network that loses and delays.

    python -m tests.hil.campaigns.under_bad_network --out-s SECONDS

The edge is in a network namespace of its own; broker and cloud are at the other end of a virtual
cable. Both ends of it lose and delay packets as `tc`'s netem is told.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

from attrs import frozen

from tests.hil.campaigns.disk import DATA
from tests.hil.campaigns.inside import Process, await_calm, await_ready, cloud, edge, stop
from tests.hil.campaigns.settings import BUTTON_AND_MAT, configuration
from tests.hil.campaigns.traces import Traces
from tests.hil.lines import GpioSimLines
from tests.hil.rig.guest import DISK_AT, SHARE_AT
from tests.rig.brokers import NativeBroker

NAMESPACE, NEAR, FAR = "pi", "near0", "far0"
NEAR_HOST, FAR_HOST = "10.77.0.1", "10.77.0.2"
IN_NAMESPACE = ("ip", "netns", "exec", NAMESPACE)
BROKER_PORT = 18830
GOOD_S = 20.0
PAUSE_S = 0.5
"""Between two presses: over the minutes of a whole run, some hundreds of events."""


@frozen
class Weather:
    """What the network is like for `duration_s`: pulled out, or as `netem` has it."""

    name: str
    duration_s: float
    is_out: bool = False
    netem: str | None = None


def weathers(out_s: float) -> tuple[Weather, ...]:
    """All that happens, in order; the cable is out for `out_s`."""
    bad_s = out_s / 2
    return (
        Weather("good", GOOD_S),
        Weather("cable out", out_s, is_out=True),
        Weather("good", GOOD_S),
        Weather("every packet lost in silence", out_s, netem="loss 100%"),
        Weather("good", GOOD_S),
        Weather("a fifth lost", bad_s, netem="loss 20%"),
        Weather("300 ms late, 100 ms more or less", bad_s, netem="delay 300ms 100ms"),
        Weather(
            "a tenth lost, doubled and out of order, 100 ms late",
            bad_s,
            netem="delay 100ms 50ms loss 10% duplicate 10% reorder 10%",
        ),
        Weather("good", GOOD_S),
    )


def main() -> int:
    """Live through all weathers, then let what waits go out."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out-s", type=float, required=True)
    options = parser.parse_args()
    os.environ["PATH"] += f"{os.pathsep}/usr/sbin:/sbin"
    traces, lines = Traces(SHARE_AT), GpioSimLines()
    (DISK_AT / "broker").mkdir(exist_ok=True)
    with _cable(), cloud(traces.cloud, FAR_HOST) as port:
        broker = NativeBroker(DISK_AT / "broker", port=BROKER_PORT, host=FAR_HOST)
        broker.start()
        text = configuration(
            broker=broker.address,
            cloud_host=FAR_HOST,
            cloud_port=port,
            data_dir=DISK_AT / DATA,
            camera_mode="on-demand",
        )
        with edge(traces.log(0), text, prefix=IN_NAMESPACE) as process:
            await_ready(traces, 0, process, films=False)
            with traces.weather.open("a", buffering=1) as told:
                for weather in weathers(options.out_s):
                    _live_through(weather, lines, process, told)
            await_calm(traces, 0, process)
            status = stop(process)
        broker.stop()
    os.sync()
    return status


def _live_through(weather: Weather, lines: GpioSimLines, process: Process, told: TextIO) -> None:
    """Press all the while. Raises `SystemExit` if the edge ends."""
    _set_weather(weather)
    began = datetime.now(UTC)
    presses, ends_s = 0, time.monotonic() + weather.duration_s
    while time.monotonic() < ends_s:
        for pin, is_high_at_rest in BUTTON_AND_MAT:
            lines.drive(pin, high=not is_high_at_rest)
            lines.drive(pin, high=is_high_at_rest)
            presses += 1
            time.sleep(PAUSE_S)
        if process.poll() is not None:
            raise SystemExit(f"the edge has ended in {weather.name!r}; see edge-0.log")
    ended = datetime.now(UTC)
    packets = _end_weather(weather)
    told.write(
        json.dumps(
            {
                "name": weather.name,
                "began": began.isoformat(),
                "ended": ended.isoformat(),
                "presses": presses,
                "is_out": weather.is_out,
                "netem": weather.netem,
                **packets,
            }
        )
        + "\n"
    )


def _set_weather(weather: Weather) -> None:
    if weather.is_out:
        _run("ip", "link", "set", FAR, "down")
    if weather.netem is not None:
        netem = ("root", "netem", *weather.netem.split())
        _run("tc", "qdisc", "add", "dev", FAR, *netem)
        _run(*IN_NAMESPACE, "tc", "qdisc", "add", "dev", NEAR, *netem)


def _end_weather(weather: Weather) -> dict[str, int]:
    """Make the network good again, and say what netem did to the packets of both directions."""
    if weather.is_out:
        _run("ip", "link", "set", FAR, "up")
    packets = {"passed": 0, "lost": 0}
    if weather.netem is not None:
        for prefix, device in (((), FAR), (IN_NAMESPACE, NEAR)):
            counts = packets_of(_run(*prefix, "tc", "-s", "qdisc", "show", "dev", device, "root"))
            packets = {name: count + counts[name] for name, count in packets.items()}
            _run(*prefix, "tc", "qdisc", "del", "dev", device, "root")
    return packets


def packets_of(text: str) -> dict[str, int]:
    """Read what `tc -s qdisc show` says of one device. Raises `ValueError` if it says nothing."""
    found = re.search(r"Sent \d+ bytes (\d+) pkt \(dropped (\d+),", text)
    if found is None:
        raise ValueError(f"tc told no packets: {text!r}")
    passed, lost = map(int, found.groups())
    return {"passed": passed, "lost": lost}


@contextmanager
def _cable() -> Iterator[None]:
    """Join the namespace to this one by two virtual network cards."""
    _run("ip", "netns", "add", NAMESPACE)
    _run("ip", "link", "add", FAR, "type", "veth", "peer", "name", NEAR, "netns", NAMESPACE)
    _run("ip", "address", "add", f"{FAR_HOST}/24", "dev", FAR)
    _run("ip", "link", "set", FAR, "up")
    for words in (
        f"address add {NEAR_HOST}/24 dev {NEAR}",
        f"link set {NEAR} up",
        "link set lo up",
    ):
        _run(*IN_NAMESPACE, "ip", *words.split())
    try:
        yield
    finally:
        _run("ip", "link", "delete", FAR)


def _run(*command: str) -> str:
    if shutil.which(command[0]) is None:
        raise SystemExit(f"{command[0]} is missing; run: sudo apt-get install iproute2")
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
