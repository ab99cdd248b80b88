"""When a picture was taken, by its source's own stamp and by its arrival.

A source stamps pictures by a clock of its own, of which only the steps are right for us. A
picture arrives after it was taken: mostly soon, now and then much later, as when a network
or an encoder holds several back. So the steps are the source's, and the pictures of least
delay say how its clock lies to ours (as NTP's clock filter does, RFC 5905, 10). Towards
them the times drift slowly, so that no step is far from the true one. Where the source's clock
is ours, as that of a kernel's driver, its stamps are the times.
"""

from attrs import frozen

MAX_LATE_S = 5.0
"""A picture that is later than this did not come late: its source's clock stood, or jumped."""

MAX_EARLY_S = 0.5
"""Likewise for one that comes too soon."""

LATE_S = 0.5
MAX_LATE_FOR_S = 3.0
"""Nor did pictures come late that are all later than `LATE_S` for so long: their clock is slow.

Some network cameras stamp by the rate that they promise, and send fewer pictures in the dark.
"""

EARLY_SLEW = 0.05
"""How much shorter a step may become, as a part of it, while pictures come sooner than before."""

ROUNDING_S = 0.001
"""Of a monotonic stamp, which may so lie behind the arrival."""

LATE_SLEW = 0.0002
"""How much longer it may become while they come later: twice what two cheap clocks drift apart."""


@frozen(kw_only=True)
class PlacedPicture:
    """Where one picture lies on the source's clock and on ours, both in seconds.

    `stamp_s` is None where the source gave none. `at_s` is monotonic, and so is
    `late_since_s`: when the first of the pictures came that are all late up to this one.
    """

    stamp_s: float | None
    at_s: float
    late_since_s: float | None = None


def place_picture(
    last: PlacedPicture | None,
    *,
    stamp_s: float | None,
    arrived_at_s: float,
    stamp_is_monotonic: bool = False,
) -> PlacedPicture:
    """Say when a picture was taken that arrived at monotonic `arrived_at_s`.

    `last` is the one before it, None at the beginning of a run. Times never go back. Without
    a stamp, or where stamps make no sense, a picture's time is its arrival. A monotonic stamp that
    could not be that of a picture which arrives now is one of some clock.
    """
    if stamp_is_monotonic and stamp_s is not None and _could_arrive(stamp_s, arrived_at_s):
        return PlacedPicture(stamp_s=stamp_s, at_s=max(stamp_s, last.at_s if last else stamp_s))
    if last is None:
        return PlacedPicture(stamp_s=stamp_s, at_s=arrived_at_s)
    step_s = 0.0 if stamp_s is None or last.stamp_s is None else stamp_s - last.stamp_s
    late_s = arrived_at_s - (last.at_s + step_s)
    late_since_s = None
    if late_s > LATE_S:
        late_since_s = arrived_at_s if last.late_since_s is None else last.late_since_s
    late_for_s = 0.0 if late_since_s is None else arrived_at_s - late_since_s
    is_sensible = -MAX_EARLY_S <= late_s <= MAX_LATE_S and late_for_s <= MAX_LATE_FOR_S
    if step_s <= 0 or not is_sensible:
        return PlacedPicture(stamp_s=stamp_s, at_s=max(arrived_at_s, last.at_s))
    slew_s = max(-EARLY_SLEW * step_s, min(late_s, LATE_SLEW * step_s))
    return PlacedPicture(
        stamp_s=stamp_s, at_s=last.at_s + step_s + slew_s, late_since_s=late_since_s
    )


def _could_arrive(taken_at_s: float, arrived_at_s: float) -> bool:
    return -ROUNDING_S <= arrived_at_s - taken_at_s <= MAX_LATE_S
