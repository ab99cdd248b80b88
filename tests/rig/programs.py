"""Our programs as processes of their own, exactly as a user starts them."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import define, field

from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]


@define
class Program:
    """A running program and what it has printed."""

    process: subprocess.Popen[str]
    lines: list[str] = field(factory=list)

    @property
    def output(self) -> str:
        """Everything printed so far."""
        return "\n".join(self.lines)

    def wait_for_text(self, text: str, *, within_s: float = 20.0) -> str:
        """Wait until `text` was printed; returns the output."""
        try:
            wait_for(f"{text!r} is printed", lambda: text in self.output, within_s=within_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n--- it printed ---\n{self.output}") from None
        return self.output

    def stop(self, *, within_s: float = 15.0) -> int:
        """Send SIGTERM and return the exit code.

        Raises `AssertionError` with what it printed, and where its threads are, if it does not end.
        """
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # heard by the fault handler
            wait_for("it tells its threads", lambda: "Thread 0x" in self.output)
            raise AssertionError(f"it did not stop within {within_s:g} s\n{self.output}") from None


@contextmanager
def program(module: str, *arguments: str, settings: Mapping[str, object]) -> Iterator[Program]:
    """Run `python -m module`; `settings` become SURVEIL_ variables."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SURVEIL_")}
    environment |= {f"SURVEIL_{name}": str(value) for name, value in settings.items()}
    environment["PYTHONUNBUFFERED"] = environment["PYTHONFAULTHANDLER"] = "1"
    environment["PYTHONWARNINGS"] = "error::ResourceWarning"
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    running = Program(process)
    reader = threading.Thread(target=_collect, args=(running,))
    reader.start()
    try:
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join()


def page_address(demo: Program) -> str:
    """Wait until a demo has said where its page is."""
    demo.wait_for_text("   Page:", within_s=30)
    (address,) = {line.split()[-1] for line in demo.lines if line.startswith("   Page:")}
    return address


def _collect(running: Program) -> None:
    stream = running.process.stdout
    if stream is not None:
        with stream:
            for line in stream:
                running.lines.append(line.rstrip("\n"))
