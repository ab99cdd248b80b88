"""`python -m tests.hil.campaigns power-cut [--cuts N] [--seed N] [--report DIR]`."""

import argparse
import os
import random
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from bench.report import Stopwatch
from tests.hil.campaigns import pages
from tests.hil.campaigns.accounts import account_for_clips, account_for_events
from tests.hil.campaigns.power_cut import Campaign
from tests.hil.rig import debian
from tests.hil.rig.__main__ import ready_environment
from tests.hil.rig.cache import RigBroken, say

TOOLS = ("mkfs.ext4", "e2fsck", "debugfs")


def main() -> int:
    """Run a campaign; 1 when a promise is broken, or the rig."""
    parser = argparse.ArgumentParser(prog="python -m tests.hil.campaigns", description=__doc__)
    parser.add_argument("campaign", choices=("power-cut",))
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--report", type=Path, default=Path("docs/evidence"))
    parser.add_argument("--keep", type=Path, help="a new folder for disk, logs and traces")
    options = parser.parse_args()
    os.environ["PATH"] += f"{os.pathsep}/usr/sbin"  # of mkfs; a user does not look there
    command = f"nox -s power-cut -- --cuts {options.cuts} --seed {options.seed}"
    say(f"the same once more: {command}")
    try:
        debian.require("to examine disks", ["e2fsprogs"], lambda: all(map(shutil.which, TOOLS)))
        with tempfile.TemporaryDirectory(prefix="surveil-campaign-") as temporary:
            return _power_cut(options, options.keep or Path(temporary) / "run", command)
    except RigBroken as error:
        say(f"BROKEN: {error}")
        return 1


def _power_cut(options: argparse.Namespace, folder: Path, command: str) -> int:
    stopwatch = Stopwatch.start()
    campaign = Campaign(folder, ready_environment(), random.Random(options.seed))
    cuts = campaign.run(options.cuts)
    database = campaign.found / "data/surveillance.db"
    events = account_for_events(campaign.traces, len(cuts) + 1, database)
    clips = account_for_clips(campaign.traces, cuts, database, folder)
    page = pages.power_cut(stopwatch.stop(command), cuts, events, clips)
    options.report.mkdir(parents=True, exist_ok=True)
    (options.report / "power-cut.md").write_text(page, encoding="utf-8")
    sys.stdout.write(page)
    return 0 if pages.is_kept(cuts, events, clips) else 1


if __name__ == "__main__":
    sys.exit(main())
