"""`python -m tests.hil.rig [--rig virtual|jumper] [--times N] [--report DIR] [pytest's]`."""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.report import Stopwatch, code_version
from tests.hil.rig.cache import RigBroken, cache_to_ourselves, say
from tests.hil.rig.guest import SHARE_AT, VIVID, Guest
from tests.hil.rig.lgpio import lgpio_folder
from tests.hil.rig.machine import run_in_guest, set_up
from tests.hil.rig.runs import Run, run_of
from tests.hil.rig.runs import page as runs_page
from tests.hil.wires import RIGS

ROOT = Path(__file__).parents[3]
TIMEOUT_S = 900.0
NO_BATTERY = datetime(1970, 1, 1, tzinfo=UTC)
"""A Pi begins there when it is switched on; the suite tells it the time."""

NOT_HERE = "tests/hil/picamera2"
"""Has a rig of its own."""


def main() -> int:
    """Run the suite on the rig and return pytest's status; 1 when the rig is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.hil.rig", description=__doc__)
    parser.add_argument("--rig", choices=RIGS, default="virtual")
    parser.add_argument("--report", type=Path, help="folder for figures and pictures")
    parser.add_argument("--times", type=int, help="run the suite so often, and tell all runs")
    options, pytest_arguments = parser.parse_known_args()
    if options.rig == "jumper" and options.times is not None:
        parser.error("--times is for the virtual Pi")
    suite = [sys.executable, "-m", "pytest", "tests/hil", f"--ignore={NOT_HERE}"]
    suite += ["-p", "no:cacheprovider", "--rig", options.rig, *pytest_arguments]
    if options.rig == "jumper":
        suite += ["--report", str(options.report.absolute())] if options.report else []
        suite += ["--code", code_version(ROOT)]
        return subprocess.run(suite, cwd=ROOT, check=False).returncode
    try:
        environment = ready_environment()
        if status := _collect(suite):
            return status
        once = partial(_run_in_virtual_pi, suite, environment, options.report)
        return once().status if options.times is None else _run_again(once, options)
    except RigBroken as error:
        say(f"BROKEN: {error}")
        return 1


def _run_in_virtual_pi(suite: list[str], environment: dict[str, str], report: Path | None) -> Run:
    """Run the suite in the guest; what it reports comes out through the shared folder."""
    began_at_utc = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="surveil-hil-") as share:
        told = ["--report", str(SHARE_AT / "report"), "--junit-xml", str(SHARE_AT / "junit.xml")]
        told += ["--switched-on-at-utc-s", str(began_at_utc.timestamp())]
        told += ["--code", code_version(ROOT)]
        guest = Guest(
            command=[*suite, *told],
            environment=environment,
            cwd=ROOT,
            timeout_s=TIMEOUT_S,
            modules=("gpio_sim", VIVID),
            share=Path(share),
            hardware_clock_utc=NO_BATTERY,
        )
        status = run_in_guest(guest)
        written = Path(share) / "report"
        if report is not None and written.exists():
            shutil.copytree(written, report, dirs_exist_ok=True)
        return run_of(Path(share) / "junit.xml", began_at_utc=began_at_utc, status=status)


def _run_again(once: Callable[[], Run], options: argparse.Namespace) -> int:
    """Run it so often, whatever comes of each, and tell after each; 1 if one failed."""
    stopwatch = Stopwatch.start()
    done, page = [], ""
    for number in range(1, options.times + 1):
        done.append(once())
        say(f"run {number} of {options.times}: status {done[-1].status}")
        page = runs_page(stopwatch.stop(f"nox -s hil -- --times {options.times}"), done)
        if options.report is not None:
            options.report.mkdir(parents=True, exist_ok=True)
            (options.report / "hil-runs.md").write_text(page, encoding="utf-8")
    sys.stdout.write(page)
    return int(any(run.status for run in done))


def ready_environment() -> dict[str, str]:
    """Set the rig up and say the environment in which the guest runs our programs."""
    with cache_to_ourselves():
        set_up()
        environment = _environment(lgpio_folder())
    _compile_modules()
    return environment


def _environment(lgpio: Path) -> dict[str, str]:
    """Say the guest's whole environment."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join([str(lgpio), f"{ROOT}/src", str(ROOT)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONFAULTHANDLER": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }


def _compile_modules() -> None:
    """Compile all modules here, since the emulated processor takes minutes for it.

    Its status is not asked for: packages hold files that are no module of this Python,
    and where nothing may be written the guest compiles for itself.
    """
    folders = [sysconfig.get_path("purelib"), *(str(ROOT / n) for n in ("src", "apps", "tests"))]
    command = [sys.executable, "-m", "compileall", "-qq", "-j", "0", "-x", "node_modules"]
    subprocess.run([*command, *folders], check=False)


def _collect(suite: list[str]) -> int:
    """Have pytest compile the tests, and find out in a second what is wrong with them."""
    environment = dict(os.environ, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    command = [*suite, "--collect-only", "-qq"]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True)
    if done.returncode:
        sys.stdout.buffer.write(done.stdout + done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
