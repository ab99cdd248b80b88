"""The bench on a real kernel line; `python -m tests.hil.rig` starts this suite.

The virtual Pi wakes up in 1970. What asks for the fixture `in_1970` comes first and finds it so;
before any other test it is told the time.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.hil.bench import Bench
from tests.hil.light import stamp_when_drawn
from tests.hil.lines import GpioSimLines, JumperLines, Lines, gpio_sim_wire
from tests.hil.listener import Listener
from tests.hil.wall_clock import is_set, set_as_a_time_server
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
    parser.addoption("--switched-on-at-utc-s", type=float, help="when the virtual Pi was")


IN_1970 = "in_1970"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what needs a machine that does not know the time."""
    items.sort(key=lambda item: IN_1970 not in _fixtures_of(item))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tell the virtual Pi the time, before anything of another test is set up."""
    switched_on_at_utc_s = item.config.getoption("--switched-on-at-utc-s", None)
    if switched_on_at_utc_s is None or IN_1970 in _fixtures_of(item):
        return
    if not is_set():
        set_as_a_time_server(switched_on_at_utc_s + time.monotonic())


def _fixtures_of(item: pytest.Item) -> Sequence[str]:
    return item.fixturenames if isinstance(item, pytest.Function) else ()


@pytest.fixture
def in_1970(request: pytest.FixtureRequest) -> Callable[[], float]:
    """A machine that has not been told the time since it was switched on; who asks learns it."""
    switched_on_at_utc_s = request.config.getoption("--switched-on-at-utc-s")
    if switched_on_at_utc_s is None:
        pytest.skip("a real Pi's clock is left alone")
    assert not is_set(), "the virtual Pi knows the time already"
    return lambda: float(switched_on_at_utc_s + time.monotonic())


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
    stamp_when_drawn(device)
    return device
