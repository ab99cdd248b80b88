"""How `clips` writes what it shows."""

from collections.abc import Sequence
from datetime import datetime

MAX_EVENTS_SHOWN = 3


def human_size(size_bytes: int) -> str:
    """Write a size for people: `2.3 MiB`."""
    size: float = size_bytes
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def local_time(moment: datetime) -> str:
    """Write an instant in this machine's zone, which is named."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def counted(number: int, thing: str = "clip") -> str:
    """Write a number of things: `1 clip`, `2 clips`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def event_names(event_ids: Sequence[str]) -> str:
    """Name events, of many the first ones."""
    names = [printable(event_id) for event_id in event_ids[:MAX_EVENTS_SHOWN]]
    more = len(event_ids) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "") or "no event"


def printable(text: str) -> str:
    """Replace control characters: ids come from the network, and from damaged files."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
