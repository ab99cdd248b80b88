"""Rings and waits, of the fake and of the real wakeup."""

import threading

import pytest

from surveil_adapters.wakeup import ThreadWakeup
from surveil_core.ports.wakeup import Wakeup
from tests.fakes.wakeup import FakeWakeup


@pytest.fixture(params=[ThreadWakeup, FakeWakeup])
def wakeup(request: pytest.FixtureRequest) -> Wakeup:
    made: Wakeup = request.param()
    return made


def test_ring_before_the_wait_ends_it(wakeup: Wakeup) -> None:
    """Nothing is lost between looking and waiting; two rings are one."""
    wakeup.ring()
    wakeup.ring()
    wakeup.wait(3600)
    wakeup.wait(0)


def test_ring_from_another_thread_ends_the_wait() -> None:
    """An hour's wait ends at once."""
    wakeup = ThreadWakeup()
    ringer = threading.Thread(target=wakeup.ring)
    ringer.start()
    wakeup.wait(3600)
    ringer.join()
