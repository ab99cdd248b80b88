"""An ext4 disk image, and what an examiner finds on a copy of it."""

import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from tests.hil.rig.cache import run

SIZE_MIB = 512
E2FSCK_FOUND_NOTHING = 0
DATA = "data"
"""The edge's folder on the disk."""

DATABASES = "databases"


def make_disk(image: Path) -> None:
    """Make an empty file system with ext4's defaults, as an SD card has."""
    with image.open("wb") as file:
        file.truncate(SIZE_MIB * 1024 * 1024)
    run("mkfs.ext4", "-q", "-F", image)


def examine(image: Path, folder: Path) -> Sequence[str]:
    """Copy what the power cut left, and say what is wrong with it; nothing if all is sound.

    The journal of the file system is replayed first, as mounting does. The files of its root are in
    `files` of `folder` then, as the next start would find them. SQLite was let at a copy of the
    databases, in `databases`: it has rolled back what was under way.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    copy = folder / "image"
    run("cp", "--sparse=always", image, copy)
    subprocess.run(["e2fsck", "-fy", "-E", "journal_only", copy], capture_output=True, check=False)
    checked = subprocess.run(["e2fsck", "-fn", copy], capture_output=True, text=True, check=False)
    faults = [] if checked.returncode == E2FSCK_FOUND_NOTHING else [f"e2fsck: {checked.stdout}"]
    files = folder / "files"
    files.mkdir()
    run("debugfs", "-R", f"rdump / {files}", copy)
    copy.unlink()
    databases = folder / DATABASES
    if (files / DATA).exists():
        shutil.copytree(files / DATA, databases, ignore=shutil.ignore_patterns("spool"))
    for database in sorted(databases.rglob("*.db")):  # the broker's is none of SQLite
        faults += _faults_of(database)
    return faults


def _faults_of(database: Path) -> list[str]:
    """Open a database, which rolls its journal back or in, and have SQLite check it whole."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            rows = connection.execute("PRAGMA integrity_check").fetchall()
    except sqlite3.DatabaseError as error:
        return [f"{database.name}: {error}"]
    return [f"{database.name}: {text}" for (text,) in rows if text != "ok"]
