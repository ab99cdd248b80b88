"""gpiozero's lgpio pin factory, had without its side effects.

- Importing lgpio makes a named pipe in `LG_WD` or the working directory, and with
  `LG_WD` it changes the working directory of the process. Here it gets a private
  temporary directory, which is gone again after the import (both ends of the pipe are
  open by then), and the working directory is put back. For that moment, once in the
  life of a process, relative paths lead elsewhere: keep absolute ones.
- gpiozero shares one table of pins among all factories of a process, so that closing
  one factory closes the lines of every other. Each factory here gets its own.
- No factory becomes gpiozero's default and `GPIOZERO_PIN_FACTORY` is not read: a
  fallback to another library would hide why lgpio failed.
"""

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from surveil_core.errors import SensorUnavailable

_import_lock = threading.Lock()


def open_pin_factory(chip: int | None) -> Any:
    """Open `/dev/gpiochip<chip>`; None lets gpiozero choose by the model of Pi.

    Raises `SensorUnavailable` with what to do.
    """
    factory_class = _import_factory_class()
    try:
        factory = factory_class(chip=chip)
    except Exception as error:  # lgpio.error derives from Exception alone
        raise SensorUnavailable(_explain_chip(chip, error)) from error
    factory.pins = {}
    return factory


def _import_factory_class() -> Any:
    with _import_lock:
        try:
            with _private_work_directory():
                from gpiozero.pins.lgpio import LGPIOFactory
        except ImportError as error:
            raise SensorUnavailable(
                f"no sensor can be read: {error}; on a Raspberry Pi install the extra "
                "'pi' (pip install 'surveil[pi]'), elsewhere simulate the sensors"
            ) from error
        except OSError as error:
            raise SensorUnavailable(
                f"no sensor can be read: lgpio finds no writable temporary directory ({error}); "
                "free some space, or name a directory in TMPDIR"
            ) from error
    return LGPIOFactory


@contextmanager
def _private_work_directory() -> Iterator[None]:
    if "lgpio" in sys.modules:
        yield
        return
    working_directory, configured = os.getcwd(), os.environ.get("LG_WD")
    with tempfile.TemporaryDirectory(prefix="surveil-lgpio-") as private:
        os.environ["LG_WD"] = private
        try:
            yield
        finally:
            os.chdir(working_directory)
            if configured is None:
                del os.environ["LG_WD"]
            else:
                os.environ["LG_WD"] = configured


def _explain_chip(chip: int | None, error: Exception) -> str:
    if type(error).__name__ == "PinUnknownPi":
        return (
            "no sensor can be read: this machine is not a Raspberry Pi "
            f"({error}); simulate the sensors here"
        )
    path = f"/dev/gpiochip{0 if chip is None else chip}"
    if not os.path.exists(path):
        return (
            f"no sensor can be read: {path} does not exist ({error}); in a container, pass "
            f"it with --device {path}"
        )
    if not os.access(path, os.R_OK | os.W_OK):
        return (
            f"no sensor can be read: this user may not open {path} ({error}); add the user "
            "to the group gpio (sudo usermod -aG gpio USER) and log in again"
        )
    return f"no sensor can be read: {path} cannot be opened ({error})"
