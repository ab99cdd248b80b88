"""Waiting for a condition, with a deadline and a reason."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_S = 0.02


def wait_for(what: str, condition: Callable[[], T], *, within_s: float = 10.0) -> T:
    """Return the condition's first true value. Fails naming `what` after `within_s`."""
    deadline_s = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline_s:
            raise AssertionError(f"{what}: not within {within_s:g} s; the last value is {value!r}")
        time.sleep(POLL_S)
