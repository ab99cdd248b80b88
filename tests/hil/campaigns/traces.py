"""The folder that guest and host share, and which file in it says what.

The guest writes through to the host at once: what is here was there before the power went.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import frozen

ACCEPTED = ("event_published", "event_kept")
"""The notices by which a sensor service says that it has an event."""


@frozen
class Traces:
    """The folder, as the guest or the host names it."""

    folder: Path

    @property
    def cloud(self) -> Path:
        """A line per POST: what a backend elsewhere has stored."""
        return self.folder / "cloud.jsonl"

    @property
    def heartbeat(self) -> Path:
        """The guest's wall clock, a few times a second."""
        return self.folder / "heartbeat"

    @property
    def weather(self) -> Path:
        """A line per state of the network: when it was, and how often the hand pressed."""
        return self.folder / "weather.jsonl"

    @property
    def samples(self) -> Path:
        """A line per look at the edge: its memory, descriptors, threads, and the disk."""
        return self.folder / "samples.jsonl"

    @property
    def costs(self) -> Path:
        """A line per stage: what it did, and what the disk was given to write meanwhile."""
        return self.folder / "costs.jsonl"

    @property
    def score(self) -> Path:
        """What the hand is to play, as JSON: seconds from the start, pin, level."""
        return self.folder / "score.json"

    @property
    def moves(self) -> Path:
        """A line per level that the hand put on a line, and when."""
        return self.folder / "moves.jsonl"

    def log(self, boot: int) -> Path:
        """What the edge told during a boot, as JSON lines."""
        return self.folder / f"edge-{boot}.log"

    def under_load(self, boot: int) -> Path:
        """There from the first press of a boot on."""
        return self.folder / f"load-{boot}"

    def presses(self, boot: int) -> Path:
        """A line per press of a boot."""
        return self.folder / f"presses-{boot}"

    def notices(
        self, boot: int, *events: str, log_bytes: int | None = None
    ) -> list[dict[str, Any]]:
        """Read what the edge told of some kinds, all or in the first `log_bytes` of its log.

        The last line may have been cut.
        """
        return [one for one in _json_lines(self.log(boot), log_bytes) if one["event"] in events]

    def accepted_ids(self, boots: int) -> list[str]:
        """Name the events that a sensor service said it has, in the order of telling."""
        return [one["event_id"] for boot in range(boots) for one in self.notices(boot, *ACCEPTED)]

    def read(self, file: Path) -> list[dict[str, Any]]:
        """Read one of the files of lines."""
        return list(_json_lines(file))

    def posts(self) -> list[dict[str, Any]]:
        """Read what the cloud was sent, in its order."""
        return self.read(self.cloud)


def _json_lines(file: Path, size_bytes: int | None = None) -> Iterator[dict[str, Any]]:
    if not file.exists():
        return
    for line in file.read_bytes()[:size_bytes].decode(errors="replace").splitlines():
        try:
            document = json.loads(line)
        except ValueError:  # cut in the middle, or a traceback: shown in the report's own count
            continue
        if isinstance(document, dict):
            yield document
