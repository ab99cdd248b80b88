"""Many durations in five numbers.

Percentiles are nearest-rank: each is a duration that really occurred. Means are left out,
since they hide the slow ones.
"""

import math
from collections.abc import Sequence

from attrs import frozen


@frozen(kw_only=True)
class Figures:
    """What `count` durations look like, in milliseconds."""

    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float


def summarise(durations_s: Sequence[float]) -> Figures:
    """Summarise durations in seconds. Raises `ValueError` when there are none."""
    ordered = sorted(durations_s)
    return Figures(
        count=len(ordered),
        p50_ms=percentile(ordered, 50) * 1000,
        p90_ms=percentile(ordered, 90) * 1000,
        p99_ms=percentile(ordered, 99) * 1000,
        max_ms=percentile(ordered, 100) * 1000,
    )


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Pick the smallest value that `percent` (1 to 100) of the ascending values do not exceed.

    Raises `ValueError` when there are no values or `percent` is out of bounds.
    """
    if not ordered:
        raise ValueError("there are no values to take a percentile of")
    if not 1 <= percent <= 100:
        raise ValueError(f"percent is {percent}, expected 1 to 100")
    return ordered[math.ceil(percent * len(ordered) / 100) - 1]
