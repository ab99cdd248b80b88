"""`python -m bench delivery`: put bridges through faults and load, one row each.

Prints each figure as it is taken, and the tables at the end; Ctrl-C ends it early with those it
has. A full run, of all rows, also writes them into docs/reference/delivery.md; it takes about
ten minutes for each bridge.
"""

import argparse
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from attrs import define, field

from bench.delivery.broker import version
from bench.delivery.capacity import backend_posts_per_s
from bench.delivery.cells import Values
from bench.delivery.peers import Absent
from bench.delivery.rig import rig_for
from bench.delivery.scenarios import SCENARIOS, Scenario
from bench.delivery.subjects import SUBJECTS, Subject
from bench.delivery.verdicts import judge_all
from bench.processes import ROOT
from bench.report import Conditions, Stopwatch, conditions_table, replace_between, table

PAGE = ROOT / "docs" / "reference" / "delivery.md"
MARK = "bench delivery"


@define
class Run:
    """The figures so far, by scenario and subject, and what is written where there is none."""

    quick: bool
    rounds: int
    results: dict[tuple[str, str], Values] = field(factory=dict)
    cells: dict[tuple[str, str], str] = field(factory=dict)

    def take_all(self, scenarios: Sequence[Scenario], subjects: Sequence[Subject]) -> bool:
        """Take all figures, row by row; False when a person stopped it before the end."""
        try:
            for scenario in scenarios:
                self._take_row(scenario, subjects)
        except KeyboardInterrupt:
            print("stopped early")
            return False
        return True

    def _take_row(self, scenario: Scenario, subjects: Sequence[Subject]) -> None:
        """Let the subjects take turns, so that all meet the same neighbours."""
        taken: dict[str, list[Values]] = {subject.name: [] for subject in subjects}
        failures: dict[str, list[str]] = {subject.name: [] for subject in subjects}
        try:
            for _ in range(self._rounds_of(scenario)):
                for subject in subjects:
                    self._take(scenario, subject, taken[subject.name], failures[subject.name])
        finally:
            for name, values in taken.items():
                self._note(scenario, name, values, failures[name])

    def _rounds_of(self, scenario: Scenario) -> int:
        return self.rounds if self.quick else max(self.rounds, scenario.rounds)

    def _note(
        self, scenario: Scenario, name: str, taken: Sequence[Values], failures: list[str]
    ) -> None:
        """Write the cell of one subject; a failed round is told of, whatever others gave."""
        said = list(failures)
        if taken:
            self.results[scenario.name, name] = scenario.pick(taken)
            said.insert(0, scenario.write(scenario.pick(taken)))
        self.cells[scenario.name, name] = "; ".join(said) or "not run"

    def _take(
        self, scenario: Scenario, subject: Subject, taken: list[Values], failures: list[str]
    ) -> None:
        """Take one figure, or note why there is none; an absence or a failure stands."""
        if failures:
            return
        began_s = time.monotonic()
        try:
            taken.append(self._measure(scenario, subject))
            said = scenario.write(taken[-1])
        except Absent as error:
            said = str(error)
            failures.append(said)
        except (AssertionError, OSError) as error:
            traceback.print_exc()
            said = f"FAILED: {str(error).partition(chr(10))[0][:80]}"
            failures.append(said)
        took_s = time.monotonic() - began_s
        print(f"{scenario.name}, {subject.name}: {said}  [{took_s:.0f} s]", flush=True)

    def _measure(self, scenario: Scenario, subject: Subject) -> Values:
        if scenario.for_keepers_only and not subject.keeps_waiting:
            raise Absent("keeps none")
        with rig_for(subject, autosave_interval_s=scenario.autosave_interval_s) as rig:
            return scenario.run(rig, self.quick)


def main(arguments: Sequence[str]) -> int:
    """Run the chosen rows for the chosen bridges."""
    options = _parse(arguments)
    scenarios = [SCENARIOS[name] for name in options.only or _table_names()]
    subjects = [SUBJECTS[name] for name in options.subjects or SUBJECTS]
    stopwatch = Stopwatch.start()
    posts_per_s = backend_posts_per_s(2000 if options.quick else 20_000)
    run = Run(quick=options.quick, rounds=options.rounds)
    with _ended_by_sigterm():
        is_whole = run.take_all(scenarios, subjects)
    command = " ".join(["python -m bench delivery", *arguments])
    text = _text(run, scenarios, subjects, stopwatch.stop(command), posts_per_s)
    print(f"\n{text}")
    if options.quick:
        print("\nSmall counts: the numbers of events named in the table are those of a full run.")
    if options.write or (is_whole and not options.quick and not options.only):
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(replace_between(page, MARK, text), encoding="utf-8")
        print(f"\nwritten to {PAGE.relative_to(ROOT)}")
    return 0


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, so that what was started is ended and the figures are shown."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _table_names() -> list[str]:
    return [scenario.name for scenario in SCENARIOS.values() if scenario.in_table]


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench delivery",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="small counts, writes nothing")
    parser.add_argument("--write", action="store_true", help="write the page also when rows miss")
    parser.add_argument("--rounds", type=int, default=1, help="how often at least, in turns (1)")
    parser.add_argument("--only", type=_names_of(SCENARIOS), help=f"of {', '.join(SCENARIOS)}")
    parser.add_argument("--subjects", type=_names_of(SUBJECTS), help=f"of {', '.join(SUBJECTS)}")
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


def _text(
    run: Run,
    scenarios: Sequence[Scenario],
    subjects: Sequence[Subject],
    conditions: Conditions,
    posts_per_s: float,
) -> str:
    figures = table(
        ("`--only`", "what", *(subject.title for subject in subjects)),
        [
            (
                f"`{scenario.name}`",
                scenario.title,
                *(run.cells.get((scenario.name, subject.name), "not run") for subject in subjects),
            )
            for scenario in scenarios
        ],
    )
    where = conditions_table(
        conditions,
        ("command", f"`{conditions.command}`"),
        ("Mosquitto", version()),
        ("the backend alone takes", f"{posts_per_s:.0f} POSTs/s"),
    )
    verdicts = "\n".join(verdict.line() for verdict in judge_all(run.results))
    return f"{where}\n\n{figures}\n\n{verdicts}".strip()
