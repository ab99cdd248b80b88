"""Fixtures for tests of cameras; a module takes them by naming this one in `pytest_plugins`."""

import gc
import threading
from collections.abc import Iterator

import pytest

from surveil_adapters.clock import SystemClock
from tests.rig.camera import children, descriptors


@pytest.fixture
def stop() -> threading.Event:
    """What a request to stop sets."""
    return threading.Event()


@pytest.fixture
def clock(stop: threading.Event) -> SystemClock:
    """The machine's clock."""
    return SystemClock(stop)


@pytest.fixture
def nothing_is_left() -> Iterator[None]:
    """No descriptor, thread or child process outlives a test."""
    gc.collect()  # what other tests have let go must not go in the middle of this one
    before = descriptors(), threading.active_count(), children()
    yield
    assert (descriptors(), threading.active_count(), children()) == before
