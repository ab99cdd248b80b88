"""What several tests of SQLite files need: a look inside, a second process, a small disk."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest


def query(path: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Read with a connection of our own."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, values).fetchall()


def written_bytes() -> int:
    """Say how much this process has handed to `write` so far."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


def seeded_random() -> random.Random:
    """Choose a seed; pytest shows it when the test fails."""
    seed = random.randrange(2**32)
    sys.stdout.write(f"seed {seed}\n")
    return random.Random(seed)


def python(program: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start a program with this one's import path."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen([sys.executable, "-c", program, *arguments], env=environment, **options)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing be written to a folder or removed from it, as a disk with errors does."""
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)
        return
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip("here root may write anything, and no disk can be mounted")
    bound = subprocess.run([mount, "--bind", folder, folder], capture_output=True, check=False)
    if bound.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {bound.stderr.decode().strip()}")
    try:
        subprocess.run([mount, "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run([umount, folder], check=True)


@contextmanager
def mounted_disk(folder: Path, *, size: str = "4m") -> Iterator[Path]:
    """Mount a small disk at `folder`, or skip the test where that cannot be done."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("only root can mount the small disk that this test fills")
    folder.mkdir()
    command = [mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run([umount, folder], check=True)
