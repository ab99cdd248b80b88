"""`docs/reference/figures.md`: what was measured, where, and what was not."""

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

from bench.figures import Figures

ROOT = Path(__file__).parents[1]
_BUT_PAGES = (".", ":(exclude)docs")
"""What a measurement has written into the pages does not change what the next one measures."""


@frozen(kw_only=True)
class Section:
    """One measurement: a heading and what stands under it, in Markdown."""

    title: str
    text: str


@frozen(kw_only=True)
class Conditions:
    """Where and when the figures were taken."""

    command: str
    began_at_utc: datetime
    python_version: str
    cpu: str
    cores: int
    load_before: tuple[float, float, float]
    load_after: tuple[float, float, float]
    code: str = "unknown"
    """The commit that was measured, as `code_version` says it."""


@frozen(kw_only=True)
class Stopwatch:
    """Notes the date, the load and the code when it is made, and the rest at the end."""

    began_at_utc: datetime
    load_before: tuple[float, float, float]
    code: str

    @classmethod
    def start(cls) -> "Stopwatch":
        """Note the date, the load and the code."""
        return cls(
            began_at_utc=datetime.now(UTC), load_before=os.getloadavg(), code=code_version(ROOT)
        )

    def stop(self, command: str) -> Conditions:
        """Say under which conditions `command` ran since the start."""
        return Conditions(
            command=command,
            began_at_utc=self.began_at_utc,
            python_version=platform.python_version(),
            cpu=cpu_model(_read_cpuinfo()),
            cores=os.cpu_count() or 1,
            load_before=self.load_before,
            load_after=os.getloadavg(),
            code=self.code,
        )


def document(conditions: Conditions, sections: Sequence[Section]) -> str:
    """Write the whole page."""
    parts = [
        "# Figures",
        f"Written by `{conditions.command}`; run it to get your machine's own.",
        conditions_table(conditions),
        *(f"## {section.title}\n\n{section.text}" for section in sections),
    ]
    return "\n\n".join(parts) + "\n"


def conditions_table(conditions: Conditions, *more: tuple[str, str]) -> str:
    """Draw where and when, with `more` rows of condition and value."""
    return table(
        ("condition", "value"),
        [
            ("date", f"{conditions.began_at_utc:%Y-%m-%d %H:%M} UTC"),
            ("commit", conditions.code),
            ("Python", conditions.python_version),
            ("CPU", f"{conditions.cpu}, {conditions.cores} cores"),
            ("load average before (1, 5, 15 min)", _load(conditions.load_before)),
            ("load average after", _load(conditions.load_after)),
            *more,
        ],
    )


def replace_between(page: str, name: str, text: str) -> str:
    """Put `text` between the marks `<!-- NAME begins -->` and `<!-- NAME ends -->` of a page.

    Raises `ValueError` when the page has not exactly one such pair.
    """
    begins, ends = f"<!-- {name} begins -->", f"<!-- {name} ends -->"
    if page.count(begins) != 1 or page.count(ends) != 1:
        raise ValueError(f"the page needs {begins} and {ends} once each, in lines of their own")
    before, _, rest = page.partition(begins)
    _, _, after = rest.partition(ends)
    return f"{before}{begins}\n\n{text.strip()}\n\n{ends}{after}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Draw a Markdown table. Raises `ValueError` when a row has another width."""
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"row {row} has {len(row)} cells, expected {len(header)}")
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )


def figures_table(rows: Sequence[tuple[str, Figures]]) -> str:
    """Draw durations in milliseconds, a row each."""
    return table(
        ("ms", "n", "p50", "p90", "p99", "max"),
        [(name, str(figures.count), *_cells(figures)) for name, figures in rows],
    )


def ratio_text(ours: Figures, baseline: Figures) -> str:
    """Say how many times the baseline's durations ours are."""
    pairs = [
        ("p50", ours.p50_ms, baseline.p50_ms),
        ("p90", ours.p90_ms, baseline.p90_ms),
        ("p99", ours.p99_ms, baseline.p99_ms),
        ("max", ours.max_ms, baseline.max_ms),
    ]
    return ", ".join(f"{name} {mine / theirs:.1f}" for name, mine, theirs in pairs)


def code_version(folder: Path) -> str:
    """Name the commit of a checkout, and say whether anything but its pages was changed since.

    "unknown" where there is no checkout, or no git.
    """
    commit = _git(folder, "rev-parse", "--short", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--", *_BUT_PAGES)
    if commit is None or changes is None:
        return "unknown"
    return f"{commit} with uncommitted changes" if changes else commit


def _git(folder: Path, *words: str) -> str | None:
    command = ["git", "--no-optional-locks", *words]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def cpu_model(cpuinfo: str) -> str:
    """Find the processor's name in `/proc/cpuinfo`; ARM kernels call the field otherwise."""
    fields = dict(line.split(":", 1) for line in cpuinfo.splitlines() if ":" in line)
    names = {key.strip(): value.strip() for key, value in fields.items()}
    return names.get("model name") or names.get("Model") or platform.machine()


def _read_cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # not Linux: the machine's architecture is named instead


def _cells(figures: Figures) -> list[str]:
    return [
        f"{value:.1f}" for value in (figures.p50_ms, figures.p90_ms, figures.p99_ms, figures.max_ms)
    ]


def _load(load: tuple[float, float, float]) -> str:
    return ", ".join(f"{value:.2f}" for value in load)
