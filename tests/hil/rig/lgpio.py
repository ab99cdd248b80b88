"""lgpio for this Python: it has wheels for a Pi only, so the rig builds one.

The build needs a C compiler and Python's headers; SWIG comes as a wheel. All of it
stays in the cache, never in the environment of a user.
"""

import os
import shutil
import sys
import sysconfig
import zipfile
from pathlib import Path

from tests.hil.rig import debian
from tests.hil.rig.cache import cache_dir, run, say

VERSION = "0.2.2.0"
SWIG = "swig<4.3"
"""Seen with later ones: what 4.3.1 made crashed Python at its exit, and 4.5.1 no longer
defines PyInt_AsLong, which lgpio's interface file calls."""


def lgpio_folder() -> Path:
    """Have a folder for `PYTHONPATH` with lgpio in it, built unless it is there."""
    folder = cache_dir() / f"lgpio-{VERSION}-{sys.implementation.cache_tag}"
    if not folder.exists():
        debian.require("to compile lgpio", ["gcc", "python3-dev"], _have_compiler)
        work = cache_dir() / "lgpio-build"
        wheel = _build_wheel(work)
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(partial)
        run(sys.executable, "-c", "import _lgpio", env=dict(os.environ, PYTHONPATH=str(partial)))
        partial.rename(folder)
        shutil.rmtree(work)
        say("lgpio built")
    return folder


def _have_compiler() -> bool:
    header = Path(sysconfig.get_path("include")) / "Python.h"
    return shutil.which("gcc") is not None and header.exists()


def _build_wheel(work: Path) -> Path:
    shutil.rmtree(work, ignore_errors=True)
    run(sys.executable, "-m", "venv", work / "tools")
    pip = (work / "tools/bin/python", "-m", "pip", "--disable-pip-version-check", "-q")
    run(*pip, "install", SWIG, "setuptools", "wheel")
    run(
        *pip, "wheel", "--no-cache-dir", "--no-build-isolation", "--no-deps",
        "--no-binary", "lgpio",
        "--wheel-dir", work / "wheels", f"lgpio=={VERSION}",
        env=dict(os.environ, PATH=f"{work}/tools/bin:{os.environ['PATH']}", PYPI="1"),
    )  # fmt: skip
    return next((work / "wheels").glob("lgpio-*.whl"))
