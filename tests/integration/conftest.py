"""A real broker and a mock backend for every test that asks for them."""

import os
import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.rig.backends import MockBackend, docker_backend, native_backend
from tests.rig.brokers import Address, choose_broker, docker_broker, native_broker
from tests.rig.bystander import Bystander


def pytest_report_header() -> str:
    """Say which broker these tests talk to."""
    return f"surveil: broker and mock backend are {choose_broker(os.environ)} (real Mosquitto)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what talks to a broker or a mock backend: `-m broker` runs these alone."""
    for item in items:
        if isinstance(item, pytest.Function) and {"broker", "mock_backend"} & set(
            item.fixturenames
        ):
            item.add_marker("broker")


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A real Mosquitto, from the PATH or in a container."""
    folder = tmp_path_factory.mktemp("broker")
    run = docker_broker if choose_broker(os.environ) == "docker" else native_broker
    with run(folder) as address:
        yield address


@pytest.fixture
def bystander(broker: Address) -> Iterator[Bystander]:
    """A client that publishes what the test likes."""
    with closing(Bystander(broker)) as bystander:
        yield bystander


@pytest.fixture
def mock_backend() -> Iterator[MockBackend]:
    """A backend that does as it is told, beside the broker or in a container likewise."""
    run = docker_backend if choose_broker(os.environ) == "docker" else native_backend
    with run() as backend:
        yield backend


@pytest.fixture
def device_id() -> str:
    """A device of this test's own, so that sessions of other tests do not meet it."""
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A folder for a program's data, with a path short enough for a socket."""
    return tmp_path / "data"
