"""What became of the events that were published, from what the backend stored."""

from collections.abc import Sequence

from attrs import frozen

from bench.delivery.load import PROBE, number_of
from bench.delivery.mode import Record
from bench.figures import percentile


@frozen(kw_only=True)
class Outcome:
    """How `sent` events ended.

    `lost`         never stored
    `twice`        events that a backend which does not recognise repeats would show again
    `repeats`      how often it would, all told
    `disordered`   events stored after a later one of the same device
    `rate_per_s`   events stored first, over the time from first publication to last arrival
    `lag_s`        how late the last event arrived
    """

    sent: int
    lost: int
    twice: int
    repeats: int
    disordered: int
    rate_per_s: float
    p50_ms: float
    p99_ms: float
    lag_s: float


def judge(sent: int, records: Sequence[Record]) -> Outcome:
    """Compare events 0 to `sent` with what the backend stored, in order of arrival."""
    ours = [record for record in records if record[1] != PROBE]
    first = [record for record in ours if record[4]]
    again = [record for record in ours if not record[4]]
    late_s = sorted(arrived_s - sent_s for arrived_s, _, _, sent_s, _ in first)
    return Outcome(
        sent=sent,
        lost=sent - len(first),
        twice=len({record[2] for record in again}),
        repeats=len(again),
        disordered=_disordered(first),
        rate_per_s=_rate_per_s(first),
        p50_ms=percentile(late_s, 50) * 1000 if late_s else 0.0,
        p99_ms=percentile(late_s, 99) * 1000 if late_s else 0.0,
        lag_s=_lag_s(first),
    )


def _disordered(first: Sequence[Record]) -> int:
    latest: dict[str, int] = {}
    count = 0
    for _, device_id, event_id, _, _ in first:
        number = number_of(event_id)
        count += number < latest.get(device_id, -1)
        latest[device_id] = max(number, latest.get(device_id, -1))
    return count


def _rate_per_s(first: Sequence[Record]) -> float:
    if len(first) < 2:
        return 0.0
    began_s = min(sent_s for _, _, _, sent_s, _ in first)
    return len(first) / (first[-1][0] - began_s)


def _lag_s(first: Sequence[Record]) -> float:
    if not first:
        return 0.0
    arrived_s, _, _, sent_s, _ = max(first, key=lambda record: number_of(record[2]))
    return arrived_s - sent_s
