"""`python -m tests.hil.campaigns power-cut|lost-writes|network|small-machine ...`."""

import argparse
import os
import random
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import frozen

from bench.report import Conditions, Stopwatch
from surveil_core.errors import ConfigurationError
from tests.hil.campaigns import (
    lost_writes,
    lost_writes_page,
    network,
    pages,
    small_machine,
    small_machine_page,
)
from tests.hil.campaigns.accounts import account_for_events
from tests.hil.campaigns.clip_accounts import account_for_clips
from tests.hil.campaigns.pi import ROOT, VirtualPi
from tests.hil.campaigns.power_cut import Campaign
from tests.hil.rig import debian
from tests.hil.rig.__main__ import ready_environment
from tests.hil.rig.cache import RigBroken, say

TOOLS = ("mkfs.ext4", "e2fsck", "debugfs")
TRACE = ROOT.parent / "shared/data/pir/vankasteren_B.csv"


@frozen
class Outcome:
    """Whether what is promised held, and the page that shows it."""

    is_kept: bool
    page: Callable[[Conditions], str]


def main() -> int:
    """Run a campaign; 1 when a promise is broken, or the rig."""
    options = _parser().parse_args()
    os.environ["PATH"] += f"{os.pathsep}/usr/sbin"  # of mkfs; a user does not look there
    command = _command(options)
    say(f"the same once more: {command}")
    stopwatch = Stopwatch.start()
    try:
        debian.require("to examine disks", ["e2fsprogs"], lambda: all(map(shutil.which, TOOLS)))
        with tempfile.TemporaryDirectory(prefix="surveil-campaign-") as temporary:
            pi = VirtualPi(options.keep or Path(temporary) / "run", ready_environment())
            outcome = CAMPAIGNS[options.campaign](options, pi)
    except (RigBroken, ConfigurationError) as error:
        say(f"BROKEN: {error}")
        return 1
    page = outcome.page(stopwatch.stop(command))
    options.report.mkdir(parents=True, exist_ok=True)
    (options.report / f"{options.campaign}.md").write_text(page, encoding="utf-8")
    sys.stdout.write(page)
    return 0 if outcome.is_kept else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.hil.campaigns", description=__doc__)
    commands = parser.add_subparsers(dest="campaign", required=True)
    power_cut = commands.add_parser("power-cut")
    power_cut.add_argument("--cuts", type=int, default=50)
    power_cut.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    lost = commands.add_parser("lost-writes")
    lost.add_argument("--cuts", type=int, default=50)
    lost.add_argument("--load-s", type=float, default=60.0)
    lost.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    bad_network = commands.add_parser("network")
    bad_network.add_argument("--out-s", type=float, default=180.0, help="the cable is out so long")
    small = commands.add_parser("small-machine")
    small.add_argument("--trace", type=Path, default=TRACE, help="ts,sensor,kind,place,state")
    small.add_argument("--speed", type=float, default=6.0, help="of the hour")
    for command in (power_cut, lost, bad_network, small):
        command.add_argument("--report", type=Path, default=Path("docs/evidence"))
        command.add_argument("--keep", type=Path, help="a new folder for disk, logs and traces")
    return parser


def _command(options: argparse.Namespace) -> str:
    """Say what runs the same once more."""
    words = {
        "power-cut": lambda: f"--cuts {options.cuts} --seed {options.seed}",
        "lost-writes": lambda: (
            f"--cuts {options.cuts} --load-s {options.load_s:g} --seed {options.seed}"
        ),
        "network": lambda: f"--out-s {options.out_s:g}",
        "small-machine": lambda: f"--speed {options.speed:g}{_trace_words(options.trace)}",
    }
    return f"nox -s {options.campaign} -- {words[options.campaign]()}"


def _trace_words(trace: Path) -> str:
    """Name another trace than the one that is taken without any."""
    return "" if trace == TRACE else f" --trace {trace}"


def _power_cut(options: argparse.Namespace, pi: VirtualPi) -> Outcome:
    cuts = Campaign(pi, random.Random(options.seed)).run(options.cuts)
    events = account_for_events(pi.traces, len(cuts) + 1, pi.database)
    clips = account_for_clips(pi.traces, cuts, pi.database, pi.folder)
    return Outcome(
        pages.is_kept(cuts, events, clips),
        lambda conditions: pages.power_cut(conditions, cuts, events, clips),
    )


def _lost_writes(options: argparse.Namespace, pi: VirtualPi) -> Outcome:
    found = lost_writes.run_and_replay(
        pi, random.Random(options.seed), load_s=options.load_s, replays=options.cuts
    )
    return Outcome(found.is_kept, lambda conditions: lost_writes_page.page(conditions, found))


def _network(options: argparse.Namespace, pi: VirtualPi) -> Outcome:
    found = network.run(pi, out_s=options.out_s)
    return Outcome(found.is_kept, lambda conditions: network.page(conditions, found))


def _small_machine(options: argparse.Namespace, pi: VirtualPi) -> Outcome:
    found = small_machine.run(pi, trace=options.trace, speed=options.speed)
    return Outcome(found.is_kept, lambda conditions: small_machine_page.page(conditions, found))


CAMPAIGNS: Mapping[str, Callable[[argparse.Namespace, VirtualPi], Outcome]] = {
    "power-cut": _power_cut,
    "lost-writes": _lost_writes,
    "network": _network,
    "small-machine": _small_machine,
}

if __name__ == "__main__":
    sys.exit(main())
