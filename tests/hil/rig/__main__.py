"""`python -m tests.hil.rig [--rig virtual|jumper] [pytest's arguments]`."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tests.hil.rig.cache import RigBroken, cache_to_ourselves, say
from tests.hil.rig.lgpio import lgpio_folder
from tests.hil.rig.machine import run_in_guest, set_up

ROOT = Path(__file__).parents[3]
TIMEOUT_S = 900.0


def main() -> int:
    """Run the suite on the rig and return pytest's status; 1 when the rig is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.hil.rig", description=__doc__)
    parser.add_argument("--rig", choices=("virtual", "jumper"), default="virtual")
    options, pytest_arguments = parser.parse_known_args()
    suite = [sys.executable, "-m", "pytest", "tests/hil", "--rig", options.rig, *pytest_arguments]
    if options.rig == "jumper":
        return subprocess.run(suite, cwd=ROOT, check=False).returncode
    try:
        with cache_to_ourselves():
            set_up()
            environment = _environment(lgpio_folder())
        command = [*suite, "-p", "no:cacheprovider"]
        return run_in_guest(command, environment, cwd=ROOT, timeout_s=TIMEOUT_S)
    except RigBroken as error:
        say(f"BROKEN: {error}")
        return 1


def _environment(lgpio: Path) -> dict[str, str]:
    """Say the guest's whole environment."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join([str(lgpio), f"{ROOT}/src", str(ROOT)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONFAULTHANDLER": "1",
    }


if __name__ == "__main__":
    sys.exit(main())
