"""Programs as processes of their own, printing into files.

Into files, because a pipe would have to be emptied by the process that takes the times.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from tests.waiting import wait_for

ROOT = Path(__file__).parents[1]
STOP_WITHIN_S = 20.0


def start(
    command: Sequence[str],
    *,
    log: Path,
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in `folder`, what it prints being added to `log`."""
    with log.open("ab") as stream:
        return subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask `process` to end, and end it if it does not."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def python(*arguments: str) -> list[str]:
    """Make the command that runs a module of the project: `python -m arguments`."""
    return [sys.executable, "-u", "-m", *arguments]


def environment_with(settings: Mapping[str, object]) -> dict[str, str]:
    """Copy this process's environment with `settings` as its only SURVEIL_ variables."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SURVEIL_")}
    return environment | {f"SURVEIL_{name}": str(value) for name, value in settings.items()}


@frozen
class Running:
    """A program and the file it prints into."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait_for_text(self, text: str, *, times: int = 1, within_s: float = 30.0) -> None:
        """Wait until `text` was printed. Raises `AssertionError` showing what was."""
        try:
            wait_for(
                f"{text!r} is printed",
                lambda: self._printed().count(text) >= times,
                within_s=within_s,
            )
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._printed()[-3000:]}") from None

    def _printed(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def running(
    *arguments: str, log: Path, settings: Mapping[str, object] | None = None
) -> Iterator[Running]:
    """Run `python -m arguments`, with `settings` as SURVEIL_ variables, and stop it at the end."""
    process = start(python(*arguments), log=log, environment=environment_with(settings or {}))
    try:
        yield Running(process, log)
    finally:
        stop(process)
