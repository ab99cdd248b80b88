"""The virtual Pi's wall clock, which begins in 1970 as that of a Pi without a battery does."""

import ctypes
import struct
import time

LATE_2001_S = 1e9
"""No clock that has ever been set shows a time before."""

ADJ_MAXERROR, ADJ_STATUS, STA_PLL, TIME_ERROR = 0x04, 0x10, 0x01, 5
_MAXERROR_AT, _STATUS_AT, _TIMEX_BYTES = 24, 40, 208
"""Of `struct timex` on a machine of 64 bits, adjtimex(2)."""

_MAXERROR_US = 100_000


def is_set() -> bool:
    """Whether somebody has told this machine the time."""
    return time.time() > LATE_2001_S


def set_as_a_time_server(utc_s: float) -> None:
    """Set the clock, and tell the kernel that it can be believed, as timesyncd does."""
    time.clock_settime(time.CLOCK_REALTIME, utc_s)
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    struct.pack_into("I", timex, 0, ADJ_MAXERROR | ADJ_STATUS)
    struct.pack_into("q", timex, _MAXERROR_AT, _MAXERROR_US)
    struct.pack_into("i", timex, _STATUS_AT, STA_PLL)
    assert ctypes.CDLL(None).adjtimex(timex) not in (-1, TIME_ERROR)
