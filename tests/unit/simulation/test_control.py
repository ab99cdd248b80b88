"""Pressing from another process."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from surveil_adapters.simulation.board import SimulatedBoard
from surveil_adapters.simulation.control import SOCKET_NAME, ControlServer, obey, send_command
from surveil_core.errors import ConfigurationError, SensorUnavailable
from surveil_core.events import SensorKind
from surveil_core.ports.sensors import Edge
from tests.contracts.sensors import motion_on
from tests.fakes.clock import FakeClock

PIR = motion_on(17, name="PIR Entrée")
MAT = motion_on(22, kind=SensorKind.PRESSURE, name="Tapis")


@pytest.fixture
def edges() -> list[Edge]:
    """The edges that the board gave."""
    return []


@pytest.fixture
def board(edges: list[Edge]) -> SimulatedBoard:
    """A board in memory."""
    board = SimulatedBoard(sensors=[PIR, MAT], clock=FakeClock())
    board.claim(PIR, edges.append)
    return board


@pytest.fixture
def path() -> Iterator[Path]:
    """A path short enough for a socket."""
    with TemporaryDirectory(prefix="s") as short:
        yield Path(short) / SOCKET_NAME


def answer_one(server: ControlServer) -> threading.Thread:
    """Let `server` take one peer on a thread of its own."""
    thread = threading.Thread(target=server.step, args=(10,))
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("command", "answer", "actives"),
    [
        ("press PIR Entrée", "ok pressed PIR Entrée", [True, False]),
        ("press motion", "ok pressed PIR Entrée", [True, False]),
        ("set motion on", "ok set PIR Entrée on", [True]),
        ("list", "ok PIR Entrée, Tapis", []),
        ("press pressure", "error sensor 'Tapis' is not watched by this process", []),
        ("press cave", "error no simulated sensor is called 'cave'", []),
        ("press", "error command is 'press', expected press NAME", []),
        ("set motion maybe", "error command is 'set motion maybe'", []),
        ("", "error command is ''", []),
    ],
)
def test_a_command_is_obeyed_or_refused(
    board: SimulatedBoard, edges: list[Edge], command: str, answer: str, actives: list[bool]
) -> None:
    """Each command has an answer, and edges only when it is right."""
    assert obey(board, command).startswith(answer)
    assert [edge.active for edge in edges] == actives


def test_a_press_crosses_the_socket(board: SimulatedBoard, edges: list[Edge], path: Path) -> None:
    """What a client sends, the board does, and only the owner may send."""
    server = ControlServer(path=path, board=board)
    server.open()
    assert path.stat().st_mode & 0o777 == 0o600
    thread = answer_one(server)
    assert send_command(path, "press motion") == "pressed PIR Entrée"
    thread.join()
    server.close()
    assert [edge.active for edge in edges] == [True, False]


def test_a_refusal_reaches_the_client(board: SimulatedBoard, path: Path) -> None:
    """The reason is raised where the command was typed."""
    server = ControlServer(path=path, board=board)
    server.open()
    thread = answer_one(server)
    with pytest.raises(SensorUnavailable, match="'cave'; there are 'PIR Entrée', 'Tapis'"):
        send_command(path, "press cave")
    thread.join()
    server.close()


def test_a_peer_that_sends_no_text_does_no_harm(board: SimulatedBoard, path: Path) -> None:
    """Bytes that are not UTF-8 get no answer, and the next peer is served."""
    server = ControlServer(path=path, board=board)
    server.open()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.connect(str(path))
        peer.sendall(b"\xff\xff\n")
        server.step(10)
        assert peer.recv(100) == b""
    thread = answer_one(server)
    assert send_command(path, "list") == "PIR Entrée, Tapis"
    thread.join()
    server.close()


def test_without_a_server_the_client_says_so(path: Path) -> None:
    """Nobody there is told with the path and the way out."""
    with pytest.raises(SensorUnavailable, match="no process with simulated sensors answers"):
        send_command(path, "press motion")


def test_a_dead_process_does_not_keep_the_path(board: SimulatedBoard, path: Path) -> None:
    """A socket file left by a kill -9 is replaced."""
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(str(path))
    left.close()
    server = ControlServer(path=path, board=board)
    server.open()
    server.close()
    assert not path.exists()


def test_a_living_process_keeps_the_path(board: SimulatedBoard, path: Path) -> None:
    """Two processes do not share a socket."""
    first = ControlServer(path=path, board=board)
    first.open()
    with pytest.raises(ConfigurationError, match="in use by another process"):
        ControlServer(path=path, board=board).open()
    first.close()


def test_closing_twice_is_safe(board: SimulatedBoard, path: Path) -> None:
    """And removes the file."""
    server = ControlServer(path=path, board=board)
    server.open()
    server.close()
    server.close()
    assert not path.exists()


def test_a_path_that_no_socket_can_have_is_refused(board: SimulatedBoard, tmp_path: Path) -> None:
    """Linux allows 107 bytes, and the text says so."""
    server = ControlServer(path=tmp_path / ("x" * 108), board=board)
    with pytest.raises(ConfigurationError, match=r"107.*shorter"):
        server.open()
