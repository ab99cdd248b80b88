"""A histogram as a small SVG, drawn by hand: a report needs no plotting library."""

from collections.abc import Sequence

from bench.figures import percentile

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 16, 28, 40
BINS = 40
_MARKED = (50, 99, 100)


def histogram(values: Sequence[float], *, title: str, unit: str) -> str:
    """Draw `values` in equal bins from 0 to the largest, with p50, p99 and max marked.

    Raises `ValueError` when there are none.
    """
    ordered = sorted(values)
    top = percentile(ordered, 100) or 1.0
    counts = count_in_bins(ordered, top=top)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="16" font-size="13">{title}</text>',
        *_bars(counts),
        *_marks(ordered, top),
        *_axes(max(counts), top, unit),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def count_in_bins(values: Sequence[float], *, top: float) -> list[int]:
    """Count values from 0 to `top` in `BINS` equal bins, the last one closed."""
    counts = [0] * BINS
    for value in values:
        counts[min(int(value / top * BINS), BINS - 1)] += 1
    return counts


def _bars(counts: Sequence[int]) -> list[str]:
    bar = (WIDTH - LEFT - RIGHT) / BINS
    room = HEIGHT - TOP - BOTTOM
    highest = max(counts)
    bars = []
    for index, count in enumerate(counts):
        height = room * count / highest
        bars.append(
            f'<rect x="{LEFT + index * bar:.1f}" y="{TOP + room - height:.1f}" '
            f'width="{bar - 1:.1f}" height="{height:.1f}" fill="#4477aa"/>'
        )
    return bars


def _marks(ordered: Sequence[float], top: float) -> list[str]:
    marks = []
    for row, percent in enumerate(_MARKED):
        value = percentile(ordered, percent)
        x = LEFT + value / top * (WIDTH - LEFT - RIGHT)
        name = "max" if percent == 100 else f"p{percent}"
        is_right = x > WIDTH / 2
        marks.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" '
            'stroke="#aa3333" stroke-dasharray="3 2"/>'
            f'<text x="{x + (-4 if is_right else 4):.1f}" y="{TOP + 12 + 14 * row}" '
            f'text-anchor="{"end" if is_right else "start"}" fill="#aa3333">'
            f"{name} {value:.1f}</text>"
        )
    return marks


def _axes(highest: int, top: float, unit: str) -> list[str]:
    base = HEIGHT - BOTTOM
    return [
        f'<path d="M{LEFT} {TOP}V{base}H{WIDTH - RIGHT}" fill="none" stroke="black"/>',
        f'<text x="{LEFT - 6}" y="{TOP + 8}" text-anchor="end">{highest}</text>',
        f'<text x="{LEFT - 6}" y="{base}" text-anchor="end">0</text>',
        f'<text x="{LEFT}" y="{base + 16}">0</text>',
        f'<text x="{WIDTH - RIGHT}" y="{base + 16}" text-anchor="end">{top:.1f} {unit}</text>',
    ]
