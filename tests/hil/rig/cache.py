"""Where the rig keeps what it has fetched and built, and how it runs tools."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NICE = ("nice", "-n", "15")
_began_s = time.monotonic()


class RigBroken(Exception):
    """The rig cannot be set up or does not boot; the text says what to do."""


def cache_dir() -> Path:
    """Say the rig's folder: `surveil-hil` in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "surveil-hil"


@contextmanager
def cache_to_ourselves() -> Iterator[Path]:
    """Make the cache and keep other runs of the rig from changing it meanwhile."""
    cache_dir().mkdir(parents=True, exist_ok=True)
    with (cache_dir() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield cache_dir()


def say(text: str) -> None:
    """Tell progress on stderr, with the seconds since the start."""
    sys.stderr.write(f"[hil {time.monotonic() - _began_s:5.1f}s] {text}\n")
    sys.stderr.flush()


def run(*command: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a tool and return its output. Raises `RigBroken` with what it said."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            [*NICE, *words],
            cwd=cwd,
            env=env,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        raise RigBroken(f"{words[0]} cannot be run: {error}") from error
    if done.returncode:
        raise RigBroken(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout
