"""`python -m apps.backend [--config FILE]`: the cloud side."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from apps.backend import config
from apps.backend.composition import backend
from apps.commandline import EXIT_FAILED, EXIT_OK, announcer_for, exit_code_of, stop_on_signals

ALIVE_CHECK_S = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the backend until SIGTERM or Ctrl+C."""
    parser = argparse.ArgumentParser(prog="python -m apps.backend", description=__doc__)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (TOML)")
    options = parser.parse_args(arguments)
    return exit_code_of(lambda: _run(options.config))


def _run(file: Path | None) -> int:
    settings = config.load(file, os.environ)
    announcer = announcer_for(settings.log.format, settings.language, sys.stdout)
    stop = stop_on_signals()
    with backend(settings, announcer, stop) as server:
        while not stop.wait(ALIVE_CHECK_S):
            if not server.is_alive():
                return EXIT_FAILED
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
