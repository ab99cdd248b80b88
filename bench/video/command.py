"""`python -m bench video`: put the recorder through its rows, and `motion` beside it.

Prints each row as it is taken, and the page's text at the end; Ctrl-C ends it early with the rows
it has. A full run, of all rows, also writes docs/reference/video.md; it takes about half an hour.
"""

import argparse
import random
import signal
import subprocess
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import define, field

from bench.delivery.broker import version
from bench.processes import ROOT
from bench.report import Stopwatch, conditions_table, replace_between, table
from bench.video.findings import Finding
from bench.video.footage import make_footage
from bench.video.place import Place, Stopped
from bench.video.rows import ROWS, Row

PAGE = ROOT / "docs" / "reference" / "video.md"
MARK = "bench video"


@define
class Run:
    """The rows so far."""

    place: Place
    findings: dict[str, Finding] = field(factory=dict)
    failed: list[str] = field(factory=list)

    def take_all(self, rows: Sequence[Row]) -> bool:
        """Take all rows; False when a person stopped it before the end."""
        try:
            for row in rows:
                if row.takes_cpu:
                    self._take(row)
            self._take_side_by_side([row for row in rows if not row.takes_cpu])
        except (KeyboardInterrupt, Stopped):
            print("stopped early")
            return False
        return True

    def _take_side_by_side(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        with ThreadPoolExecutor(len(rows)) as pool:
            taking = [pool.submit(self._take, row) for row in rows]
            try:
                wait(taking)
            except KeyboardInterrupt:
                self.place.stop()
                raise
        for taken in taking:
            taken.result()

    def _take(self, row: Row) -> None:
        """Take one row, or note that it failed."""
        began_s = time.monotonic()
        try:
            finding = row.run(self.place)
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            traceback.print_exc()
            finding = Finding(seen=f"FAILED: {str(error).partition(chr(10))[0][:120]}")
            self.failed.append(row.name)
        self.findings[row.name] = finding
        print(f"{row.name}: {finding.seen}  [{time.monotonic() - began_s:.0f} s]", flush=True)


def main(arguments: Sequence[str]) -> int:
    """Run the chosen rows. Returns 1 when one of them failed."""
    options = _parse(arguments)
    rows = [ROWS[name] for name in options.only or ROWS]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stopwatch = Stopwatch.start()
    with TemporaryDirectory(prefix="bench-video-", dir=options.folder) as name:
        run = Run(
            Place(
                folder=Path(name),
                footage=make_footage(Path(name)),
                is_quick=options.quick,
                seed=options.seed,
                kills=options.kills,
            )
        )
        is_whole = run.take_all(rows)
        text = _text(run, rows, stopwatch, " ".join(["python -m bench video", *arguments]))
    print(f"\n{text}")
    if options.write or (is_whole and not (options.quick or options.only or run.failed)):
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(replace_between(page, MARK, text), encoding="utf-8")
        print(f"\nwritten to {PAGE.relative_to(ROOT)}")
    return 1 if run.failed else 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench video",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="small counts, writes nothing")
    parser.add_argument("--write", action="store_true", help="write the page also when rows miss")
    parser.add_argument("--only", type=_names_of(ROWS), help=f"of {', '.join(ROWS)}")
    parser.add_argument("--kills", type=int, default=100, help="how many (100)")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10**6), help="of all instants; else random"
    )
    parser.add_argument("--folder", type=Path, help="on the disk to be measured; else TMPDIR")
    return parser.parse_args(arguments)


def _names_of(known: Mapping[str, object]) -> Callable[[str], list[str]]:
    """Make a reader of `a,b,c` that takes only known names."""

    def read(text: str) -> list[str]:
        names = text.split(",")
        unknown = [name for name in names if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(
                f"unknown {', '.join(unknown)}; there are {', '.join(known)}"
            )
        return names

    return read


def _text(run: Run, rows: Sequence[Row], stopwatch: Stopwatch, command: str) -> str:
    nothing = Finding(seen="not run")
    findings = {row.name: run.findings.get(row.name, nothing) for row in rows}
    where = conditions_table(
        stopwatch.stop(command),
        ("command", f"`{command}`"),
        ("seed", str(run.place.seed)),
        ("Mosquitto", version()),
        ("ffmpeg", _ffmpeg_version()),
        ("file system", _file_system(run.place.folder)),
        ("filmed", run.place.footage.title),
    )
    figures = table(
        ("`--only`", "what", "seen"),
        [(f"`{row.name}`", row.title, findings[row.name].seen) for row in rows],
    )
    verdicts = "\n".join(
        verdict.line() for finding in findings.values() for verdict in finding.verdicts
    )
    more = [finding.more for finding in findings.values()]
    return "\n\n".join(part for part in (where, figures, *more, verdicts) if part)


def _ffmpeg_version() -> str:
    said = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=False)
    return said.stdout.removeprefix("ffmpeg version ").partition(" ")[0]


def _file_system(folder: Path) -> str:
    command = ["stat", "--file-system", "--format=%T", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
