"""What both programs do alike."""

import signal
import subprocess
import sys

import pytest

from tests.rig.programs import ROOT

BUSY_WAITING = """
import os, threading, time
from apps.commandline import stop_on_signals

stop = stop_on_signals()

def send():
    time.sleep(0.05)
    os.kill(os.getpid(), {number})

threading.Thread(target=send, daemon=True).start()
while not stop.wait(0.0):
    pass
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_a_wait_stops_the_program(number: signal.Signals) -> None:
    """A main thread that is always about to wait has the event's lock in its hands."""
    for _ in range(5):
        command = [sys.executable, "-c", BUSY_WAITING.format(number=int(number))]
        assert subprocess.run(command, cwd=ROOT, timeout=30, check=False).returncode == 0
