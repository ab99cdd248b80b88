"""How far long work has come: a bar on a terminal, nothing in a file or a pipe."""

import sys
from typing import Literal, Self

from tqdm import tqdm

Unit = Literal["bytes", "clips"]


class ProgressBar:
    """A bar on the standard error, which goes when the work is over. One thread.

    While it stands, lines for the standard output are written through `say`.
    """

    def __init__(self, label: str, *, total: int, unit: Unit) -> None:
        self._bar = tqdm(
            desc=label,
            total=total,
            unit="B" if unit == "bytes" else f" {unit}",
            unit_scale=unit == "bytes",
            unit_divisor=1024,
            file=sys.stderr,
            disable=None,  # shown on a terminal only
            leave=False,
            dynamic_ncols=True,
        )

    def advance(self, count: int = 1) -> None:
        """Count so much more as done."""
        self._bar.update(count)

    def say(self, line: str) -> None:
        """Write a line to the standard output, above the bar."""
        self._bar.write(line, file=sys.stdout)

    def close(self) -> None:
        """Take the bar away. Closing twice is safe."""
        self._bar.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
