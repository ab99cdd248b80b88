"""Open the cameras of a setting in a process of its own, whose PATH a test can choose.

`python -m tests.rig.open_camera SETTING` prints the service's lines, then the number of
pictures that came within a second and a half.
"""

import sys
import threading

from surveil_adapters.camera import CameraChain, candidates_for
from surveil_adapters.clock import SystemClock
from surveil_adapters.console import ConsoleAnnouncer
from surveil_core.errors import CameraUnavailable
from tests.rig.camera import FORMAT


def _main(setting: str) -> None:
    clock = SystemClock(threading.Event())
    chain = CameraChain(
        candidates_for(setting, FORMAT, clock),
        announcer=ConsoleAnnouncer(sys.stdout),
        clock=clock,
    )
    try:
        chain.open()
    except CameraUnavailable as error:
        sys.exit(str(error))
    until_s, pictures = clock.monotonic_s() + 1.5, 0
    while clock.monotonic_s() < until_s:
        pictures += chain.read(0.1) is not None
    chain.close()
    sys.stdout.write(f"{chain.name}: {pictures} pictures\n")


if __name__ == "__main__":
    _main(sys.argv[1])
