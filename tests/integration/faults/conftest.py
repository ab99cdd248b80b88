"""The fault suite: `pytest tests/integration/faults --seed N --scale X`.

As a part of all integration tests it is half as long, and leaves out long waits.

What is random in a test follows from the seed and the test's name, so that a failure can
be repeated; the times of processes and disks do not, so it may take more than one run.
"""

import random
import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.integration.faults.brokers import DeployedBroker
from tests.integration.faults.plant import Plant, watching_counters
from tests.rig.faulty import faulty_backend

SCALE_AS_A_PART = 0.5
NEW_SEED = secrets.randbelow(10**6)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption("--seed", type=int, default=None, help="of the fault suite; default: random")
    group.addoption(
        "--scale",
        type=float,
        default=SCALE_AS_A_PART,
        help="of loads and faults; 1 or more has long waits too, 2 or more all of them",
    )


def seed_of(config: pytest.Config) -> int:
    """Tell the seed of this run."""
    seed: int | None = config.getoption("--seed")
    return NEW_SEED if seed is None else seed


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    words = f"--seed {seed_of(config)} --scale {config.getoption('--scale'):g}"
    terminalreporter.write_line(f"fault suite, the same once more: nox -s faults -- {words}")


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Chance, by the seed and the test's name."""
    return random.Random(f"{seed_of(request.config)} {request.node.name}")


@pytest.fixture
def is_saving() -> bool:
    """Whether the broker keeps its sessions on disk; a test may say otherwise."""
    return True


@pytest.fixture
def plant(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    rng: random.Random,
    is_saving: bool,
) -> Iterator[Plant]:
    """Broker and backend of this test's own, and a place for our programs."""
    folder = tmp_path_factory.mktemp("f")
    broker = DeployedBroker(folder / "broker", is_saving=is_saving)
    with ExitStack() as stack:
        stack.callback(broker.kill)
        broker.start()
        plant = Plant(
            folder=folder,
            rng=rng,
            scale=request.config.getoption("--scale"),
            broker=broker,
            backend=stack.enter_context(faulty_backend()),
            device_id=f"pi-{rng.randrange(16**6):06x}",
            data_dir=folder / "data",
        )
        stack.callback(plant.kill)
        with watching_counters(plant):
            yield plant
        plant.stop()
