"""When the virtual camera took the pictures of a clip, by the clock that it burns into them.

That clock counts the time since the camera's stream began. When that was by the kernel's
monotonic clock is told by the light: where it is switched at known instants, each picture that
shows it on or off leaves less room for the beginning. Nothing of the program under test has a
part in it.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from attrs import frozen

from tests.hil.burnt_in_clock import Unreadable, clock_ms, frames_of
from tests.hil.light import Switch, pictures

TICK_S = 0.008
"""How exactly vivid counts: its clock is the kernel's tick, 4 ms, at both ends."""

MOST_BLURRED = 0.1
"""Of all pictures: where much changes, the coder has no bits left for a clock."""

_FOREVER_S = float("inf")


class Unbound(Exception):
    """The pictures do not show the light as it was switched."""


@frozen
class ShownPicture:
    """A picture `at_s` after the clip's beginning, whose burnt-in clock shows `clock_s`."""

    at_s: float
    clock_s: float
    is_dark: bool


@frozen
class Take:
    """Pictures of one stream, and between which monotonic instants its clock began."""

    pictures: Sequence[ShownPicture]
    began_between_s: tuple[float, float]

    @property
    def unsure_s(self) -> float:
        """By how much `taken_s` may be wrong to either side."""
        earliest_s, latest_s = self.began_between_s
        return (latest_s - earliest_s) / 2

    def taken_s(self, picture: ShownPicture) -> float:
        """Say when a picture was taken, on the monotonic clock."""
        return sum(self.began_between_s) / 2 + picture.clock_s

    def late_s(self, clip_began_s: float) -> Sequence[float]:
        """Say of each picture how much later the clip shows it than it was taken."""
        return [clip_began_s + shown.at_s - self.taken_s(shown) for shown in self.pictures]


def takes_of(
    clip: Path, *, width: int, height: int, switched: Sequence[Sequence[Switch]]
) -> Sequence[Take]:
    """Decode a clip of one or more streams, with the switches of the light in each.

    Raises `Unbound` where they do not show these switches, `Unreadable` where they show no clock.
    """
    streams = _split(_shown(clip, width=width, height=height))
    if len(streams) != len(switched):
        raise Unbound(f"the clip shows {len(streams)} streams, expected {len(switched)}")
    return [
        Take(shown, began_between_s(shown, switches))
        for shown, switches in zip(streams, switched, strict=True)
    ]


def monotonic_of(utc_text: str) -> float:
    """Read a column with a time, on the monotonic clock. The wall clock must not have jumped."""
    utc_s = datetime.fromisoformat(utc_text).replace(tzinfo=UTC).timestamp()
    pairs = [(time.monotonic(), time.time(), time.monotonic()) for _ in range(10)]
    before_s, now_s, after_s = min(pairs, key=lambda pair: pair[2] - pair[0])
    return utc_s - now_s + (before_s + after_s) / 2


def began_between_s(
    shown: Sequence[ShownPicture], switches: Sequence[Switch]
) -> tuple[float, float]:
    """Find when the clock can have begun, so that each picture lies where its light was.

    Raises `Unbound` where there is no such time.
    """
    possible = [(-_FOREVER_S, _FOREVER_S)]
    phases = _phases(switches)
    for picture in shown:
        allowed = [
            (from_s - picture.clock_s - TICK_S, until_s - picture.clock_s + TICK_S)
            for from_s, until_s, is_dark in phases
            if is_dark is picture.is_dark
        ]
        possible = [
            (max(a, c), min(b, d)) for a, b in possible for c, d in allowed if max(a, c) < min(b, d)
        ]
    if not possible:
        raise Unbound("the pictures' light cannot be that of the switches")
    return min(a for a, _ in possible), max(b for _, b in possible)


def _shown(clip: Path, *, width: int, height: int) -> Sequence[ShownPicture]:
    """Read the pictures of a clip; coding blurs the clock of a few, which are left out."""
    found = pictures(clip)
    brightness = [picture.brightness for picture in found]
    between = (min(brightness) + max(brightness)) / 2
    shown = []
    frames = frames_of(clip, width=width, height=height)
    for picture, frame in zip(found, frames, strict=True):
        with suppress(Unreadable):
            clock_s = clock_ms(frame) / 1000
            is_dark = picture.brightness < between
            shown.append(ShownPicture(picture.at_s, clock_s, is_dark=is_dark))
    if len(found) - len(shown) > MOST_BLURRED * len(found):
        raise Unreadable(f"{len(shown)} of {len(found)} pictures show a clock that can be read")
    return shown


def _split(shown: Sequence[ShownPicture]) -> Sequence[Sequence[ShownPicture]]:
    """A stream's clock goes on; the next one's begins anew."""
    begins = [
        index for index, (a, b) in enumerate(pairwise(shown), start=1) if b.clock_s < a.clock_s
    ]
    return [shown[a:b] for a, b in pairwise([0, *begins, len(shown)])]


def _phases(switches: Sequence[Switch]) -> Sequence[tuple[float, float, bool]]:
    """List from when until when the light was off, or on, at most."""
    first = (-_FOREVER_S, switches[0].after_s, not switches[0].is_dark)
    last = (switches[-1].before_s, _FOREVER_S, switches[-1].is_dark)
    between = [(a.before_s, b.after_s, a.is_dark) for a, b in pairwise(switches)]
    return [first, *between, last]
