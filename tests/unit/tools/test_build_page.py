"""When the page is built again, and how a failure is told."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.build_page import PROJECT, explain, hash_sources


def a_source(folder: Path, name: str, text: str) -> Path:
    """Write a file of the page."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_hash_follows_names_and_contents(tmp_path: Path) -> None:
    """A changed, a renamed and a new file each give another hash."""
    source = a_source(tmp_path, "src/main.ts", "1")
    hashes = [hash_sources(tmp_path)]
    source.write_text("2")
    hashes.append(hash_sources(tmp_path))
    source.rename(tmp_path / "src/other.ts")
    hashes.append(hash_sources(tmp_path))
    a_source(tmp_path, "src/new.ts", "")
    hashes.append(hash_sources(tmp_path))

    assert len(set(hashes)) == 4


def test_the_hash_leaves_out_what_npm_brought(tmp_path: Path) -> None:
    """`node_modules` does not count."""
    a_source(tmp_path, "src/main.ts", "1")
    before = hash_sources(tmp_path)
    a_source(tmp_path, "node_modules/vite/index.js", "1")

    assert hash_sources(tmp_path) == before


@pytest.mark.parametrize("code", ["ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "E503"])
def test_an_unreachable_registry_is_told_in_plain_words(code: str) -> None:
    """The owner reads what to check, and what npm said."""
    told = explain("fetching", f"npm warn old\nnpm error code {code}\n")

    assert "npm's registry cannot be reached" in told
    assert f"npm error code {code}" in told
    assert "npm warn" not in told


def test_another_failure_is_told_as_it_is() -> None:
    """A mistake in the sources is no network trouble."""
    assert explain("building", "main.ts: unexpected }") == "Building failed:\nmain.ts: unexpected }"


@pytest.mark.parametrize(("options", "status"), [((), 1), (("--optional",), 0)])
def test_a_page_that_cannot_be_built_is_explained(
    tmp_path: Path, options: tuple[str, ...], status: int
) -> None:
    """Without a Node the reason is told, and only an optional page lets a set-up go on."""
    script = tmp_path / "tools" / "build_page.py"
    script.parent.mkdir()
    shutil.copy(PROJECT / "tools" / "build_page.py", script)
    without_packages = [sys.executable, "-S", str(script), *options]

    done = subprocess.run(
        without_packages, env={"PATH": ""}, capture_output=True, text=True, check=False
    )

    assert done.returncode == status
    assert "It needs Node 20.19 or newer" in done.stderr
    assert ("going on without it" in done.stderr) == bool(options)
