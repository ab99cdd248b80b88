"""Pressing a simulated sensor from another process: one line each way, over a Unix socket.

    press NAME        active, then inactive again
    set NAME on|off   hold a sensor, or let it go
    list              the names there are

NAME is a sensor's name or a kind (the first sensor of that kind). The answer is `ok` and
a text, or `error` and a reason. The socket is a file that only its owner may use.
"""

import socket
from pathlib import Path

from surveil_adapters.simulation.board import SimulatedBoard
from surveil_core.errors import ConfigurationError, SensorUnavailable, SurveilError

SOCKET_NAME = "simulated-sensors.sock"
MAX_LINE_BYTES = 512
PEER_TIMEOUT_S = 2.0
_MAX_PATH_BYTES = 107
"""What `sockaddr_un` holds on Linux, less the final NUL (unix(7))."""


class ControlServer:
    """Answers on the socket at `path`. One thread calls `step`."""

    def __init__(self, *, path: Path, board: SimulatedBoard) -> None:
        self._path = path
        self._board = board
        self._listener: socket.socket | None = None

    def open(self) -> None:
        """Listen. A socket file that a dead process left is replaced.

        Raises `ConfigurationError` when the path cannot be had.
        """
        self.close()
        _check_length(self._path)
        if self._path.is_socket():
            self._remove_stale()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(self._path))
            self._path.chmod(0o600)
            listener.listen()
        except OSError as error:
            listener.close()
            raise ConfigurationError(
                f"{self._path} cannot be listened on: {error.strerror or error}; "
                "choose a storage.data_dir on a local disk that this user may write"
            ) from error
        self._listener = listener

    def step(self, timeout_s: float) -> None:
        """Wait up to `timeout_s` for a peer and answer its one line."""
        if self._listener is None:
            raise ConfigurationError(f"{self._path} is not open; call open() first")
        self._listener.settimeout(timeout_s)
        try:
            peer, _ = self._listener.accept()
        except TimeoutError:
            return
        with peer:
            self._answer(peer)

    def close(self) -> None:
        """Stop listening and remove the socket file. Closing twice is safe."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
            self._path.unlink(missing_ok=True)

    def _answer(self, peer: socket.socket) -> None:
        peer.settimeout(PEER_TIMEOUT_S)
        try:
            command = _read_line(peer)
            peer.sendall(f"{obey(self._board, command)}\n".encode())
        except (OSError, UnicodeDecodeError):
            return  # The peer went away, stalled or sent no text: it sees that itself.

    def _remove_stale(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(PEER_TIMEOUT_S)
            try:
                probe.connect(str(self._path))
            except ConnectionRefusedError:
                self._path.unlink(missing_ok=True)
                return
            except OSError:
                return
        raise ConfigurationError(
            f"{self._path} is in use by another process with simulated sensors; "
            "stop it, or choose another storage.data_dir"
        )


def obey(board: SimulatedBoard, command: str) -> str:
    """Carry out one line and say `ok ...` or `error ...`."""
    verb, _, rest = command.strip().partition(" ")
    try:
        if verb == "press" and rest:
            board.press(_watched(board, rest))
            return f"ok pressed {board.find(rest).name}"
        if verb == "set":
            name, _, level = rest.rpartition(" ")
            if name and level in ("on", "off"):
                board.set(_watched(board, name), active=level == "on")
                return f"ok set {board.find(name).name} {level}"
        if verb == "list" and not rest:
            return f"ok {', '.join(board.names)}"
    except SurveilError as error:
        return f"error {error}"
    return f"error command is {command!r:.60}, expected press NAME, set NAME on|off, or list"


def _watched(board: SimulatedBoard, word: str) -> str:
    sensor = board.find(word)
    if not board.is_watched(sensor):
        raise SensorUnavailable(
            f"sensor {sensor.name!r} is not watched by this process; "
            f"address the one that runs sensor-{sensor.kind}"
        )
    return sensor.name


def send_command(path: Path, command: str) -> str:
    """Have a running process obey `command`; returns the text after `ok`.

    Raises `SensorUnavailable` with the reason when nobody listens or it was refused.
    """
    _check_length(path)
    line = f"{command}\n".encode()
    if len(line) > MAX_LINE_BYTES or "\n" in command:
        raise SensorUnavailable(
            f"the command has {len(line)} bytes, allowed is one line of {MAX_LINE_BYTES}"
        )
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(PEER_TIMEOUT_S)
            link.connect(str(path))
            link.sendall(line)
            answer = _read_line(link)
    except OSError as error:
        raise SensorUnavailable(
            f"no process with simulated sensors answers on {path} ({error.strerror or error}); "
            "start one, or use the same configuration as it does"
        ) from error
    verdict, _, text = answer.strip().partition(" ")
    if verdict != "ok":
        raise SensorUnavailable(text or "the process with simulated sensors gave no answer")
    return text


def _read_line(link: socket.socket) -> str:
    received = b""
    while not received.endswith(b"\n") and len(received) <= MAX_LINE_BYTES:
        chunk = link.recv(MAX_LINE_BYTES)
        if not chunk:
            break
        received += chunk
    return received.decode()


def _check_length(path: Path) -> None:
    path_bytes = len(str(path).encode())
    if path_bytes > _MAX_PATH_BYTES:
        raise ConfigurationError(
            f"{path} has {path_bytes} bytes, a socket's path may have {_MAX_PATH_BYTES}; "
            "choose a shorter storage.data_dir"
        )
