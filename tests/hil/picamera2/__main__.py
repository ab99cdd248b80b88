"""Our picamera2 adapter on libcamera's virtual device: `python -m tests.hil.picamera2`.

Linux calls the device VIMC: a sensor, a debayer and a scaler inside a real kernel, which
the real libcamera and Picamera2 drive through the same ioctls as a camera module. These
two come from Debian 13, in a folder that the guest of `tests.hil.rig` enters. VIMC shows
colour bars; it has no rate to set, and no hardware encoder is beside it.

Arguments go to pytest. The folder is no package, or it would hide Picamera2's own.
"""

import os
import sys
from pathlib import Path

from tests.hil.picamera2.userland import debian_folder, wheels_folder
from tests.hil.rig.cache import RigBroken, cache_to_ourselves, say
from tests.hil.rig.guest import Guest
from tests.hil.rig.machine import run_in_guest, set_up

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
TIMEOUT_S = 600.0


def main() -> int:
    """Run the suite in the guest and return pytest's status; 1 when the rig is broken."""
    try:
        with cache_to_ourselves():
            set_up()
            debian, wheels = debian_folder(), wheels_folder()
        return run_in_guest(_guest(debian, wheels, sys.argv[1:]))
    except RigBroken as error:
        say(f"BROKEN: {error}")
        return 1


def _guest(debian: Path, wheels: Path, pytest_arguments: list[str]) -> Guest:
    """Say what to boot; two processors, since VIMC keeps one busy."""
    suite = ["python3", "-m", "pytest", str(HERE.relative_to(ROOT)), f"--confcutdir={HERE}"]
    return Guest(
        command=[
            *("sh", str(HERE / "enter.sh"), str(debian), str(ROOT), str(wheels)),
            *(*suite, "-p", "no:cacheprovider", "--tb=short"),
            *("-o", "faulthandler_timeout=120", *pytest_arguments),
        ],
        environment=_environment(wheels),
        cwd=ROOT,
        timeout_s=TIMEOUT_S,
        modules=("vimc",),
        memory_mib=1536,
        cpus=2,
    )


def _environment(wheels: Path) -> dict[str, str]:
    """Say the guest's whole environment."""
    folders = [str(wheels), str(HERE / "stubs"), f"{ROOT}/src", str(ROOT)]
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(folders),
        "PYTHONFAULTHANDLER": "1",
        "LIBCAMERA_LOG_LEVELS": "*:ERROR",
    }


if __name__ == "__main__":
    sys.exit(main())
