"""Every check and measurement of the project; `make test` and CI call these same sessions."""

import argparse
import os
import platform
import secrets
from pathlib import Path

import nox

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "imports", "unit"]

SOURCES = ["src", "apps", "tests", "bench", "tools", "noxfile.py"]


def _install(session: nox.Session, *groups: str, extra: str = "demo") -> None:
    """Install the project with an extra and dependency groups, at the versions we tested."""
    flags = [flag for group in groups for flag in ("--group", group)]
    session.install("--constraint", "constraints.txt", "--editable", f".[{extra}]", *flags)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, docstrings, likely mistakes, formatting."""
    session.install("--constraint", "constraints.txt", "--group", "lint")
    session.run("ruff", "check", *SOURCES)
    session.run("ruff", "format", "--check", *SOURCES)


@nox.session
def types(session: nox.Session) -> None:
    """Types, strictly."""
    _install(session, "types", "integration")
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Direction of imports: apps on adapters on core, no vendor library in the core."""
    _install(session, "imports")
    session.run("lint-imports", "--no-cache")


@nox.session
def unit(session: nox.Session) -> None:
    """The pure core and small pieces: no I/O, no sleeping."""
    _install(session, "unit")
    session.run("pytest", "tests/unit", *session.posargs)


@nox.session
def page(session: nox.Session) -> None:
    """Build the page into the package."""
    _install(session, extra="page")
    session.run("python", "tools/build_page.py")


@nox.session
def integration(session: nox.Session) -> None:
    """Real broker, ffmpeg, SQLite, HTTP and Socket.IO; SURVEIL_TEST_BROKER=docker|native|auto."""
    _install(session, "integration", "package", extra="demo,page")
    session.run("python", "tools/build_page.py")
    session.run("pytest", "tests/integration", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Kills, broken networks, full disks: `nox -s faults -- --seed N --runs N --scale X`."""
    parser = argparse.ArgumentParser(prog="nox -s faults --")
    parser.add_argument("--seed", type=int, help="of the first run; default: random")
    parser.add_argument("--runs", type=int, default=1, help="each with the next seed")
    parser.add_argument("--scale", default="1", help="of loads and faults")
    options, others = parser.parse_known_args(session.posargs)
    first = secrets.randbelow(10**6) if options.seed is None else options.seed
    _install(session, "integration", extra="edge")
    for seed in range(first, first + options.runs):
        session.log(f"fault suite, run {seed - first + 1} of {options.runs}: --seed {seed}")
        chosen = ["--seed", str(seed), "--scale", options.scale]
        session.run("pytest", "tests/integration/faults", *chosen, *others)


@nox.session
def e2e(session: nox.Session) -> None:
    """The page in a real Chromium."""
    _install(session, "e2e", extra="demo,page")
    session.run("python", "tools/build_page.py")
    session.run("pytest", "tests/e2e", *session.posargs)


@nox.session
def hil(session: nox.Session) -> None:
    """A real pin: `nox -s hil -- --rig virtual` (default) or `--rig jumper` on a Pi."""
    _install(session, "integration", extra="pi" if platform.machine() == "aarch64" else "edge")
    session.run("python", "-m", "tests.hil.rig", *session.posargs)


@nox.session(name="power-cut")
def power_cut(session: nox.Session) -> None:
    """The virtual Pi's power goes, again and again: `nox -s power-cut -- --cuts 50 --seed N`."""
    _campaign(session, "power-cut")


@nox.session(name="lost-writes")
def lost_writes(session: nox.Session) -> None:
    """Power cuts between two flushes of the disk: `nox -s lost-writes -- --cuts 50 --seed N`."""
    _campaign(session, "lost-writes")


@nox.session
def network(session: nox.Session) -> None:
    """The virtual Pi's cable is pulled for minutes, loses and delays: `nox -s network`."""
    _campaign(session, "network")


@nox.session(name="small-machine")
def small_machine(session: nox.Session) -> None:
    """An hour of a recorded home on 512 MB: `nox -s small-machine -- --trace FILE`."""
    _campaign(session, "small-machine")


def _campaign(session: nox.Session, name: str) -> None:
    _install(session, "integration", extra="edge")
    session.run("python", "-m", "tests.hil.campaigns", name, *session.posargs)


@nox.session(name="hil-picamera2")
def hil_picamera2(session: nox.Session) -> None:
    """Our picamera2 adapter on libcamera's virtual device, inside the virtual Pi."""
    session.install("--constraint", "constraints.txt", "attrs")
    session.run("python", "-m", "tests.hil.picamera2", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, beside a baseline in the same run; figures go to docs/reference/figures.md."""
    _install(session, "integration", extra="demo,page")
    session.run("python", "tools/build_page.py")
    session.run("python", "-m", "bench", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation, warnings being errors."""
    _install(session, "docs", extra="edge,backend")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def constraints(session: nox.Session) -> None:
    """Write constraints.txt anew: the newest versions that our ranges allow."""
    session.install("uv")
    extras = [f"--extra={name}" for name in ("demo", "page")]
    names = ("tools", "lint", "types", "imports", "e2e", "docs", "package")
    groups = [f"--group={name}" for name in names]
    session.run(
        "uv", "pip", "compile", "pyproject.toml", *extras, *groups, "--universal", "--upgrade",
        "--no-header", "--no-annotate", "--no-emit-index-url", "-o", "constraints.txt",
        env={"UV_CUSTOM_COMPILE_COMMAND": "nox -s constraints"},
    )  # fmt: skip
    text = Path("constraints.txt").read_text(encoding="utf-8")
    if "://" in text:
        session.error("constraints.txt names an address")


if os.environ.get("CI"):
    nox.options.error_on_missing_interpreters = True
