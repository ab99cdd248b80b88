"""What each bridge is put through: a row each."""

import time
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from bench.delivery import cells, procfs
from bench.delivery.cells import Values
from bench.delivery.mode import Mode
from bench.delivery.rig import QUIET_S, Rig
from tests.waiting import wait_for

DEVICES = 20
STREAM_PER_S = 50.0
_KILL_AFTER_SHARE = 0.25
_LONG_QUIET_S = 70.0
"""For many events at once: backoff grows to 30 s, and a connection that found the backend's
queue of connections full is tried again by TCP after up to 63 s.
"""
_RESTS_BELOW_SHARE = 0.05
_RARELY_S, _EACH_SECOND = 1800, 1


@frozen(kw_only=True)
class Scenario:
    """A row. `run` gets a rig that is ready, and whether to take small counts.

    Of several rounds, `pick` says which one is shown. A row has `rounds` at least where the
    machine's own ups and downs are as large as what is measured.
    """

    name: str
    title: str
    run: Callable[[Rig, bool], Values]
    write: Callable[[Values], str]
    pick: Callable[[Sequence[Values]], Values]
    autosave_interval_s: int = _RARELY_S
    for_keepers_only: bool = False
    in_table: bool = True
    rounds: int = 1


# --- what is done -----------------------------------------------------------------


def _idle(rig: Rig, quick: bool) -> Values:
    duration_s = 3.0 if quick else 60.0
    before_s = procfs.cpu_s(rig.bridge.pid)
    time.sleep(duration_s)
    used_s = procfs.cpu_s(rig.bridge.pid) - before_s
    return Values(rss_mb=procfs.rss_mb(rig.bridge.pid), cpu_percent=100 * used_s / duration_s)


def _steady(rig: Rig, quick: bool) -> Values:
    count = 100 if quick else 1500
    return Values(outcome=rig.end(rig.begin(count, devices=1, rate_per_s=STREAM_PER_S), count))


def _burst(rig: Rig, quick: bool) -> Values:
    count = 500 if quick else 20_000
    quiet_s = QUIET_S if quick else _LONG_QUIET_S
    outcome = rig.end(rig.begin(count, devices=DEVICES), count, quiet_s=quiet_s)
    return Values(outcome=outcome, peak_rss_mb=procfs.peak_rss_mb(rig.bridge.pid))


def _fault(mode: Mode) -> Callable[[Rig, bool], Values]:
    """Let the backend misbehave for the second third of a stream."""

    def run(rig: Rig, quick: bool) -> Values:
        third_s = 2.0 if quick else 10.0
        count = int(3 * third_s * STREAM_PER_S)
        sending = rig.begin(count, devices=DEVICES, rate_per_s=STREAM_PER_S)
        time.sleep(third_s)
        rig.backend.set_mode(mode)
        time.sleep(third_s)
        rig.backend.set_mode(Mode())
        return Values(outcome=rig.end(sending, count))

    return run


def _kill_bridge(rig: Rig, quick: bool) -> Values:
    count = 500 if quick else 5000
    sending = rig.begin(count, devices=DEVICES)
    wait_for(
        "a quarter of the burst is stored",
        lambda: rig.backend.count().stored >= count * _KILL_AFTER_SHARE,
        within_s=120,
    )
    rig.bridge.kill()
    rig.bridge.start()
    return Values(outcome=rig.end(sending, count))


def _kill_broker(rig: Rig, quick: bool) -> Values:
    third_s, away_s = (2.0, 1.0) if quick else (10.0, 5.0)
    count = int(3 * third_s * STREAM_PER_S)
    sending = rig.begin(count, devices=DEVICES, rate_per_s=STREAM_PER_S)
    time.sleep(third_s)
    rig.broker.kill()
    time.sleep(away_s)
    rig.broker.start()
    return Values(outcome=rig.end(sending, count))


def _slow(delay_s: float, rate_per_s: float, devices: int) -> Callable[[Rig, bool], Values]:
    """Answer each request late, from the first event to the last."""

    def run(rig: Rig, quick: bool) -> Values:
        count = int(rate_per_s * (2 if quick else 10))
        rig.backend.set_mode(Mode(delay_s=delay_s, is_bulk_offered=devices == 1))
        return Values(
            outcome=rig.end(rig.begin(count, devices=devices, rate_per_s=rate_per_s), count)
        )

    return run


def _backlog(*, bulk: bool) -> Callable[[Rig, bool], Values]:
    """Fill while the backend is away, weigh, let it come back, take the time."""

    def run(rig: Rig, quick: bool) -> Values:
        count = 1000 if quick else 100_000
        quiet_s = QUIET_S if quick else _LONG_QUIET_S
        rig.backend.set_mode(Mode(kind="refuse"))
        sending = rig.begin(count, devices=DEVICES)
        sending.result()
        rig.publisher.wait_until_acknowledged()
        _wait_until_resting(rig.bridge.pid)
        rss_mb = procfs.rss_mb(rig.bridge.pid)
        rig.backend.set_mode(Mode(is_bulk_offered=bulk))
        outcome = rig.end(sending, count, quiet_s=quiet_s)
        arrivals_s = [record[0] for record in rig.backend.records()] or [0.0]
        took_s = max(arrivals_s) - min(arrivals_s)
        return Values(
            outcome=outcome,
            rss_mb=rss_mb,
            peak_rss_mb=procfs.peak_rss_mb(rig.bridge.pid),
            drain_per_s=(count - outcome.lost) / took_s if took_s else 0.0,
        )

    return run


def _wait_until_resting(pid: int, *, within_s: float = 180.0) -> None:
    """Wait until a process does next to nothing, or for `within_s`."""
    deadline_s = time.monotonic() + within_s
    window_s = 2.0
    while time.monotonic() < deadline_s:
        before_s = procfs.cpu_s(pid)
        time.sleep(window_s)
        if procfs.cpu_s(pid) - before_s < window_s * _RESTS_BELOW_SHARE:
            return


# --- the rows --------------------------------------------------------------------

_SCENARIOS = (
    Scenario(
        name="idle",
        title="idle for 60 s: RSS, CPU",
        run=_idle,
        write=cells.write_idle,
        pick=cells.median_cpu_percent,
    ),
    Scenario(
        name="steady",
        title="50 ev/s, 1,500 events: p50 / p99 ms",
        run=_steady,
        write=cells.write_steady,
        pick=cells.median_p99_ms,
    ),
    Scenario(
        name="burst",
        title="burst of 20,000: ev/s, peak RSS",
        run=_burst,
        write=cells.write_burst,
        pick=cells.median_rate_per_s,
        rounds=3,
    ),
    Scenario(
        name="down",
        title="backend refuses for 10 s: lost",
        run=_fault(Mode(kind="refuse")),
        write=cells.write_loss,
        pick=cells.worst,
    ),
    Scenario(
        name="503",
        title="backend answers 503 for 10 s: lost",
        run=_fault(Mode(kind="status", status=503)),
        write=cells.write_loss,
        pick=cells.worst,
    ),
    Scenario(
        name="429",
        title="429 with Retry-After for 10 s: lost",
        run=_fault(Mode(kind="status", status=429, retry_after_s=1)),
        write=cells.write_loss,
        pick=cells.worst,
        in_table=False,
    ),
    Scenario(
        name="hang",
        title="backend reads and never answers for 10 s: lost",
        run=_fault(Mode(kind="hang")),
        write=cells.write_loss,
        pick=cells.worst,
        in_table=False,
    ),
    Scenario(
        name="cut",
        title="backend stores and cuts the connection for 10 s: lost",
        run=_fault(Mode(kind="cut")),
        write=cells.write_loss,
        pick=cells.worst,
        in_table=False,
    ),
    Scenario(
        name="kill-bridge",
        title="bridge kill -9 in a burst of 5,000: lost",
        run=_kill_bridge,
        write=cells.write_loss,
        pick=cells.worst,
    ),
    Scenario(
        name="kill-broker",
        title="broker kill -9 and away for 5 s: lost",
        run=_kill_broker,
        write=cells.write_loss,
        pick=cells.worst,
        autosave_interval_s=_EACH_SECOND,
    ),
    Scenario(
        name="slow-50",
        title="backend takes 50 ms, 100 ev/s of 20 devices",
        run=_slow(0.05, 100.0, DEVICES),
        write=cells.write_slow,
        pick=cells.median_p99_ms,
    ),
    Scenario(
        name="slow-200",
        title="backend takes 200 ms, 25 ev/s of 20 devices",
        run=_slow(0.2, 25.0, DEVICES),
        write=cells.write_slow,
        pick=cells.median_p99_ms,
    ),
    Scenario(
        name="slow-one",
        title="backend takes 50 ms, 40 ev/s of one device, bulk offered",
        run=_slow(0.05, 40.0, 1),
        write=cells.write_slow,
        pick=cells.median_p99_ms,
    ),
    Scenario(
        name="backlog",
        title="100,000 waiting: RSS; drain, one a POST",
        run=_backlog(bulk=False),
        write=cells.write_backlog,
        pick=cells.median_drain_per_s,
        for_keepers_only=True,
    ),
    Scenario(
        name="backlog-bulk",
        title="100,000 waiting: RSS; drain, bulk offered",
        run=_backlog(bulk=True),
        write=cells.write_backlog,
        pick=cells.median_drain_per_s,
        for_keepers_only=True,
    ),
)
SCENARIOS: Mapping[str, Scenario] = {scenario.name: scenario for scenario in _SCENARIOS}
