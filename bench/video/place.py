"""Where a row is measured: a folder, the footage, and pauses that end when a person stops it."""

import threading
from pathlib import Path

from attrs import define, field

from bench.video.footage import Footage


class Stopped(Exception):
    """A person stopped the measurement."""


@define(kw_only=True)
class Place:
    """What each row is given. `folder` lies on the disk that is written to.

    `is_quick` asks for small counts; `seed` makes the instants of kills.
    """

    folder: Path
    footage: Footage
    is_quick: bool
    seed: int
    kills: int
    _stop: threading.Event = field(factory=threading.Event, init=False, repr=False)

    def pause(self, duration_s: float) -> None:
        """Wait. Raises `Stopped`."""
        if self._stop.wait(max(0.0, duration_s)):
            raise Stopped

    def stop(self) -> None:
        """End all pauses, from any thread."""
        self._stop.set()
