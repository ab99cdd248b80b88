"""The bench on a real kernel line; `python -m tests.hil.rig` starts this suite."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.hil.bench import Bench
from tests.hil.lines import GpioSimLines, JumperLines, Lines, gpio_sim_wire
from tests.hil.listener import Listener
from tests.hil.wires import DEFAULT_WIRES, RIGS, SIMULATED_WIRES, parse_wires
from tests.rig.brokers import Address, native_broker


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say which rig, and how it is wired."""
    parser.addoption("--rig", choices=RIGS, help="what drives the lines")
    parser.addoption(
        "--jumper",
        action="append",
        metavar="SENSOR:DRIVE",
        help=f"BCM pins that a wire joins, sensor first; default {DEFAULT_WIRES[0]}; repeat",
    )
    parser.addoption("--camera", type=Path, metavar="DEVICE", help="a V4L2 camera of a real Pi")
    parser.addoption("--report", type=Path, metavar="DIR", help="where figures and pictures go")
    parser.addoption("--code", default="unknown", help="the commit, for the pages")


@pytest.fixture(scope="session")
def lines(request: pytest.FixtureRequest) -> Iterator[Lines]:
    """What drives the sensors' lines. Without a rig this suite fails: it never skips."""
    rig = request.config.getoption("--rig", None)
    if rig == "virtual":
        lines: Lines = GpioSimLines()
    elif rig == "jumper":
        lines = JumperLines(parse_wires(request.config.getoption("--jumper") or DEFAULT_WIRES))
    elif rig == "virtual-jumper":
        lines = JumperLines(SIMULATED_WIRES, gpio_sim_wire)
    else:
        pytest.fail(f"no rig: run python -m tests.hil.rig --rig {'|'.join(RIGS)}")
    with closing(lines):
        yield lines


@pytest.fixture(scope="session")
def report_dir(request: pytest.FixtureRequest) -> Path | None:
    """Where figures and pictures go, if anywhere."""
    folder: Path | None = request.config.getoption("--report", None)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def bench(lines: Lines) -> Iterator[Bench]:
    """Real lines, at rest (low) in the beginning."""
    with closing(Bench(lines)) as bench:
        for pin in bench.pins:
            bench.drive(pin, high=False)
        yield bench


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A real Mosquitto beside the services; it keeps their sessions, so no module inherits any."""
    with native_broker(tmp_path_factory.mktemp("broker")) as address:
        yield address


@pytest.fixture
def listener(broker: Address) -> Iterator[Listener]:
    """A subscriber of the test's own."""
    with closing(Listener(broker)) as listener:
        yield listener


@pytest.fixture(scope="session")
def camera(request: pytest.FixtureRequest) -> Path:
    """A V4L2 camera: vivid's on the virtual Pi, where it must be; on a real one if named."""
    if request.config.getoption("--rig", None) != "jumper":
        device = Path("/dev/video0")
    elif request.config.getoption("--camera") is not None:
        device = request.config.getoption("--camera")
    else:
        pytest.skip("no camera; name one: --camera /dev/video0")
    assert device.is_char_device(), f"{device} is no camera"
    return device
