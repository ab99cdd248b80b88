"""What both programs do alike: exit codes, signals, the console.

Exit codes (DESIGN, section 4): 0 asked to stop, 1 failed, 2 wrong usage or
configuration.
"""

import io
import signal
import sys
import threading
from collections.abc import Callable
from typing import TextIO

from surveil_adapters.console import ConsoleAnnouncer, JsonAnnouncer
from surveil_core.errors import ConfigurationError, SurveilError
from surveil_core.ports.announcer import Announcer

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2


def announcer_for(log_format: str, language: str, stream: TextIO) -> Announcer:
    """Choose how notices are said. Signs that the stream cannot encode are replaced."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    if log_format == "json":
        return JsonAnnouncer(stream)
    return ConsoleAnnouncer(stream, language=language)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set. Call from the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def exit_code_of(program: Callable[[], int]) -> int:
    """Run a program and turn our errors into words and an exit code."""
    try:
        return program()
    except ConfigurationError as error:
        sys.stderr.write(f"configuration: {error}\n")
        return EXIT_USAGE
    except SurveilError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_FAILED
