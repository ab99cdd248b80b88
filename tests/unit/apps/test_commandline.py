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

TOLD_TO_ANOTHER_THREAD = """
import signal, threading, time
from apps.commandline import stop_on_signals
from apps.edge.loops import run_until_stopped
from surveil_adapters.clock import SystemClock

stop = stop_on_signals()

def take():
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    time.sleep(60)

threading.Thread(target=take, daemon=True).start()
run_until_stopped([], stop, SystemClock(stop))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_a_wait_stops_the_program(number: signal.Signals) -> None:
    """A main thread that is always about to wait has the event's lock in its hands."""
    for _ in range(5):
        command = [sys.executable, "-c", BUSY_WAITING.format(number=int(number))]
        assert subprocess.run(command, cwd=ROOT, timeout=30, check=False).returncode == 0


def test_a_signal_that_the_kernel_gives_to_another_thread_stops_the_program() -> None:
    """The main thread, which Python has handle it, sleeps on and is not woken by that."""
    command = [sys.executable, "-c", TOLD_TO_ANOTHER_THREAD]
    assert subprocess.run(command, cwd=ROOT, timeout=30, check=False).returncode == 0
