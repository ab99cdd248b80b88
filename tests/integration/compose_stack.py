"""The stack of `deploy/compose.yaml`, brought up and typed at as a person would.

Commands run in a pseudo-terminal: `docker compose exec` behaves differently without one,
and an endless command is ended as a person ends it, by Ctrl+C. What `docker compose` is
depends on the environment: the installed one, or the v2 that SURVEIL_COMPOSE_V2 names.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from attrs import define, field, frozen

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVICES = (
    "mqtt-broker",
    "sensor-motion",
    "sensor-button",
    "sensor-pressure",
    "mqtt-bridge",
    "capture-video",
    "backend",
)
PORTS = (1883, 8000, 8080)
BUILD_LIMIT_S = 1800.0
HEALTH_LIMIT_S = 180.0
CTRL_C = b"\x03"
CTRL_C_GRACE_S = 10.0
POLL_S = 0.5
WARNING = re.compile(r"\bwarn|deprecat|obsolete", re.IGNORECASE)


class StackError(AssertionError):
    """The stack, or a command typed at it, did not do what it should; the text has the output."""


@frozen
class Typed:
    """What a command typed in a terminal printed, and its exit status."""

    output: str
    status: int


@define
class Terminal:
    """One command running in a pseudo-terminal of 200 columns; a context manager."""

    command: str
    env: Mapping[str, str] = field(repr=False)
    cwd: Path = DEPLOY
    _output: bytearray = field(factory=bytearray, init=False)
    _process: subprocess.Popen[bytes] = field(init=False)
    _screen: int = field(init=False)

    def __enter__(self) -> Terminal:
        self._screen, inner = pty.openpty()
        termios.tcsetwinsize(inner, (50, 200))
        self._process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", "bash", "-c", self.command],
            stdin=inner, stdout=inner, stderr=inner, cwd=self.cwd, env=dict(self.env),
        )  # fmt: skip
        os.close(inner)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._press_ctrl_c()
        os.close(self._screen)

    @property
    def output(self) -> str:
        """What is on the screen so far, with plain line ends."""
        return self._output.decode(errors="replace").replace("\r\n", "\n")

    def read_until(self, done: Callable[[str], bool], limit_s: float) -> bool:
        """Read the screen until `done(output)` or the command's end; False after `limit_s`."""
        deadline = time.monotonic() + limit_s
        while not done(self.output):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            if select.select([self._screen], [], [], left_s)[0] and not self._read():
                return done(self.output)
        return True

    def wait(self, limit_s: float) -> Typed:
        """Wait for the command's own end.

        Raises:
            StackError: it still runs after `limit_s`.
        """
        deadline = time.monotonic() + limit_s
        self.read_until(lambda _: False, limit_s)
        try:
            status = self._process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            shown = f"$ {self.command}\n{self.output}"
            raise StackError(f"still running after {limit_s:.0f} s:\n{shown}") from None
        return Typed(self.output, status)

    def _read(self) -> bool:
        try:
            chunk = os.read(self._screen, 65536)
        except OSError:  # Linux says EIO when the last process has left the terminal
            return False
        self._output += chunk
        return bool(chunk)

    def _press_ctrl_c(self) -> None:
        os.write(self._screen, CTRL_C)
        self.read_until(lambda _: False, CTRL_C_GRACE_S)
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@define
class ComposeStack:
    """The running stack; `env` is what the commands see."""

    env: Mapping[str, str] = field(repr=False)

    def open_terminal(self, command: str) -> Terminal:
        """A terminal in `deploy/`, for a command that runs while others are typed."""
        return Terminal(command, self.env)

    def type(self, command: str, limit_s: float = 60.0) -> Typed:
        """Type a command in `deploy/` and wait for its end."""
        with self.open_terminal(command) as terminal:
            return terminal.wait(limit_s)

    def type_well(self, command: str, limit_s: float = 60.0) -> str:
        """Type a command that must succeed without a warning, and return what it printed.

        Raises:
            StackError: it failed, warned of something or still runs after `limit_s`.
        """
        typed = self.type(command, limit_s)
        if typed.status or WARNING.search(typed.output):
            shown = f"{typed.output[-8000:]}[exit status {typed.status}]"
            raise StackError(f"failed, or warned:\n$ {command}\n{shown}")
        return typed.output

    def type_until_printed(self, command: str, pattern: str, limit_s: float) -> Typed:
        """Type a command again and again until it succeeds and prints `pattern`."""
        deadline = time.monotonic() + limit_s
        while True:
            typed = self.type(command)
            if typed.status == 0 and _shows(typed.output, pattern):
                return typed
            if time.monotonic() > deadline:
                shown = f"{typed.output}[exit status {typed.status}]"
                raise StackError(_absent(pattern, limit_s, command, shown))
            time.sleep(POLL_S)

    def watch(self, command: str, pattern: str, limit_s: float) -> str:
        """Type an endless command, read until it prints `pattern`, then press Ctrl+C."""
        with self.open_terminal(command) as terminal:
            if terminal.read_until(lambda output: _shows(output, pattern), limit_s):
                return terminal.output
            raise StackError(_absent(pattern, limit_s, command, terminal.output))

    def wait_until_healthy(self, limit_s: float = HEALTH_LIMIT_S) -> None:
        """Wait until every service's health check says healthy."""
        deadline = time.monotonic() + limit_s
        while sick := self._not_healthy():
            if time.monotonic() > deadline:
                logs = self.type(f"docker compose logs --tail=8 {' '.join(sick)}").output
                raise StackError(f"not healthy after {limit_s:.0f} s: {sick}\n{logs}")
            time.sleep(POLL_S)

    def published(self) -> set[str]:
        """Every address and port of the host, `127.0.0.1:8000`, that leads to a container."""
        listed = self._list_containers("{{.Ports}}")
        return set(re.findall(r"(\S+)->\d+/(?:tcp|udp)", listed))

    def _not_healthy(self) -> list[str]:
        listed = self._list_containers('{{.Label "com.docker.compose.service"}} {{.Status}}')
        return [s for s in SERVICES if not re.search(rf"^{s} .*\(healthy\)", listed, re.MULTILINE)]

    def _list_containers(self, line: str) -> str:
        """One line, in the engine's own format, for each container of this stack."""
        project = "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME"
        return self.type(f"docker ps --filter \"{project}\" --format '{line}'").output


def _shows(output: str, pattern: str) -> bool:
    return re.search(pattern, output, re.MULTILINE) is not None


def _absent(pattern: str, limit_s: float, command: str, output: str) -> str:
    return f"{pattern!r} did not appear in {limit_s:.0f} s:\n$ {command}\n{output}"


def env_with_compose(binary: Path, config_dir: Path) -> dict[str, str]:
    """An environment in which `docker compose` is this binary, of compose v2.

    Raises:
        StackError: there is no such file.
    """
    if not binary.is_file():
        raise StackError(f"SURVEIL_COMPOSE_V2={binary} is no file; name compose's v2 binary")
    plugin = config_dir / "cli-plugins" / "docker-compose"
    plugin.parent.mkdir(parents=True)
    plugin.symlink_to(binary.absolute())
    return os.environ | {"DOCKER_CONFIG": str(config_dir)}


def why_not(env: Mapping[str, str]) -> str | None:
    """What is missing to bring the stack up, in words, or None."""
    if shutil.which("docker") is None:
        return "no docker command; try tools/docker_engine.sh up"
    for command in ("docker info", "docker compose version"):
        answer = subprocess.run(
            command.split(), capture_output=True, text=True, check=False, env=env
        )
        if answer.returncode:
            return f"{command} failed ({answer.stderr.strip()}); try tools/docker_engine.sh up"
    if taken := [str(port) for port in PORTS if _is_taken(port)]:
        return f"port {', '.join(taken)} is in use; the specification's commands need it"
    return None


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def running_stack(env: Mapping[str, str]) -> Iterator[ComposeStack]:
    """Build and start the stack under a project name of its own; at the end remove it all."""
    own = {
        "COMPOSE_PROJECT_NAME": "surveil-test",
        "COMPOSE_FILE": "compose.yaml",
        "SURVEIL_HEALTH_INTERVAL": "2s",
    }
    stack = ComposeStack({**env, **own})
    try:
        built = stack.type("docker compose build", BUILD_LIMIT_S)
        if built.status:  # its warnings are those of apt, pip and npm, about other things
            raise StackError(f"$ docker compose build\n{built.output[-8000:]}")
        # a run that was killed leaves containers and volumes behind
        stack.type_well("docker compose down -v --remove-orphans", 120)
        stack.type_well("docker compose up -d", HEALTH_LIMIT_S)
        stack.wait_until_healthy()
        yield stack
    finally:
        stack.type_well("docker compose down -v --remove-orphans", 120)
