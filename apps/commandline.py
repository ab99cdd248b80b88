"""What both programs do alike: exit codes, signals, the console.

Exit codes (DESIGN, section 4): 0 asked to stop, 1 failed, 2 wrong usage or
configuration.
"""

import io
import queue
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
    """Return an event that SIGTERM and SIGINT set. Call from the main thread.

    A handler runs in the middle of whatever the main thread does. If that is `stop.wait`,
    with the event's lock in hand, `stop.set` would wait for the lock for ever. Putting into
    a `SimpleQueue` is safe there, and a thread of its own sets the event.
    """
    stop = threading.Event()
    heard: queue.SimpleQueue[int] = queue.SimpleQueue()

    def set_when_heard() -> None:
        heard.get()
        stop.set()

    threading.Thread(target=set_when_heard, name="signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: heard.put(number))
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
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; what was said to be done stays done\n")
        return EXIT_FAILED
