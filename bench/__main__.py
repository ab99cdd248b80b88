"""`python -m bench [latency] [--quick]`: measure, print, and write docs/reference/figures.md.

--quick takes few samples and writes no file: to see that the measurement works.

`python -m bench delivery` (an hour) and `python -m bench video` (half an hour) are measurements of
their own: see their `--help`.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from bench import latency
from bench.delivery import command as delivery
from bench.processes import ROOT
from bench.report import Section, Stopwatch, document
from bench.video import command as video

FIGURES = ROOT / "docs" / "reference" / "figures.md"
MEASUREMENTS: dict[str, Callable[..., Section]] = {"latency": latency.measure}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is named, or what is quick to run."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["delivery"]:
        return delivery.main(given[1:])
    if given[:1] == ["video"]:
        return video.main(given[1:])
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS))
    parser.add_argument("--quick", action="store_true", help="few samples, no file")
    options = parser.parse_args(given)
    unknown = set(options.names) - MEASUREMENTS.keys()
    if unknown:
        parser.error(f"unknown {', '.join(sorted(unknown))}; there are {', '.join(MEASUREMENTS)}")
    stopwatch = Stopwatch.start()
    names = options.names or list(MEASUREMENTS)
    sections = [MEASUREMENTS[name](quick=options.quick) for name in names]
    command = ["python -m bench", *names, *(["--quick"] if options.quick else [])]
    text = document(stopwatch.stop(" ".join(command)), sections)
    print(text)
    if not options.quick:
        FIGURES.parent.mkdir(parents=True, exist_ok=True)
        FIGURES.write_text(text, encoding="utf-8")
        print(f"written to {FIGURES.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
