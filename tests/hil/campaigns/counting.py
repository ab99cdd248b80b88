"""How many there are of something, for a page."""

from collections.abc import Sequence


def count_text(names: Sequence[object] | int) -> str:
    """Count, and name the first five; a number is itself."""
    if isinstance(names, int):
        return str(names)
    some = ", ".join(map(str, names[:5]))
    return f"{len(names)}{f' ({some})' if names else ''}"
