"""The machine's clock: what the kernel says of it."""

import ctypes
import threading

import pytest

from surveil_adapters.clock import SystemClock

STA_UNSYNC = 0x40
STATUS_WORD = 10
"""Where `struct timex` has `status` on a machine of 64 bits."""


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_long) != 8, reason="struct timex is another here")
def test_clock_is_set_if_a_time_service_says_so() -> None:
    """By the status that ntpd, chrony and timesyncd keep in the kernel."""
    timex = (ctypes.c_int * 128)()
    ctypes.CDLL(None).adjtimex(timex)
    is_kept = not timex[STATUS_WORD] & STA_UNSYNC
    assert SystemClock(threading.Event()).is_set() == is_kept
