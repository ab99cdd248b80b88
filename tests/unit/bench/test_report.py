"""The page of figures."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.figures import Figures
from bench.report import (
    Conditions,
    Section,
    code_version,
    cpu_model,
    document,
    figures_table,
    ratio_text,
    table,
)

OURS = Figures(count=400, p50_ms=6.04, p90_ms=9.0, p99_ms=30.0, max_ms=40.0)
BASELINE = Figures(count=400, p50_ms=3.02, p90_ms=6.0, p99_ms=20.0, max_ms=40.0)


def test_durations_become_a_row_with_one_decimal() -> None:
    """The table names its unit and gives the count and four durations a row."""
    assert figures_table([("ours", OURS)]).splitlines() == [
        "| ms | n | p50 | p90 | p99 | max |",
        "| --- | --- | --- | --- | --- | --- |",
        "| ours | 400 | 6.0 | 9.0 | 30.0 | 40.0 |",
    ]


def test_a_bar_in_a_cell_does_not_split_it() -> None:
    """Markdown would take a bare bar for the next cell."""
    assert table(("a",), [("x|y",)]).splitlines()[-1] == r"| x\|y |"


def test_a_row_of_another_width_is_refused() -> None:
    """The error names the row and the width expected."""
    with pytest.raises(ValueError, match="has 1 cells, expected 2"):
        table(("a", "b"), [("x",)])


def test_the_ratio_is_ours_over_the_baseline() -> None:
    """Each percentile is compared with its own."""
    assert ratio_text(OURS, BASELINE) == "p50 2.0, p90 1.5, p99 1.5, max 1.0"


@pytest.mark.parametrize(
    ("cpuinfo", "model"),
    [
        ("processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\n", "AMD EPYC"),
        (
            "processor\t: 0\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n",
            "Raspberry Pi 4 Model B Rev 1.4",
        ),
    ],
)
def test_the_processor_is_named_on_a_pc_and_on_a_pi(cpuinfo: str, model: str) -> None:
    """The kernels of the two name the field differently."""
    assert cpu_model(cpuinfo) == model


def test_the_page_says_how_it_came_about() -> None:
    """Command, date, commit, Python, processor and load stand before the sections."""
    page = document(
        Conditions(
            command="python -m bench latency",
            began_at_utc=datetime(2025, 1, 15, 14, 30, tzinfo=UTC),
            python_version="3.13.1",
            cpu="AMD EPYC",
            cores=2,
            load_before=(0.1, 0.2, 0.3),
            load_after=(1.0, 2.0, 3.456),
            code="1a2b3c4",
        ),
        [Section(title="Latency", text="low")],
    )

    head, _, rest = page.partition("## Latency")
    for words in ("`python -m bench latency`", "2025-01-15 14:30 UTC", "3.13.1", "AMD EPYC, 2"):
        assert words in head
    assert "| commit | 1a2b3c4 |" in head
    assert "0.10, 0.20, 0.30" in head
    assert "1.00, 2.00, 3.46" in head
    assert rest == "\n\nlow\n"


def git(folder: Path, *words: str) -> None:
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *author, *words], cwd=folder, check=True, capture_output=True)


def test_a_checkout_is_named_by_its_commit_and_its_changes(tmp_path: Path) -> None:
    """Pages that a measurement writes are no change of the code; a new file is one."""
    git(tmp_path, "init")
    git(tmp_path, "commit", "--allow-empty", "-m", "first")
    commit = code_version(tmp_path)
    assert len(commit) >= 7
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/page.md").touch()
    assert code_version(tmp_path) == commit
    (tmp_path / "new.py").touch()
    assert code_version(tmp_path) == f"{commit} with uncommitted changes"


def test_what_is_no_checkout_is_of_no_known_commit(tmp_path: Path) -> None:
    """A release's archive has no history."""
    assert code_version(tmp_path) == "unknown"
