"""From the edge on a kernel line to the message in a subscriber's hand."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import frozen

from bench.figures import summarise
from bench.report import table
from tests.hil.edge import edge_process
from tests.hil.histogram import histogram
from tests.hil.lines import Lines
from tests.hil.listener import Listener
from tests.rig.brokers import Address

PRESSES = 300
WARM_UP_PRESSES = 10
"""Left out: modules are still being imported."""

MIN_INTERVAL_S = 0.02
DATED_WITHIN_S = 0.020

SENSOR = """
[[sensors]]
kind = "motion"
pin = {pin}
min_interval_s = {min_interval_s}
"""


@frozen
class Press:
    """One press: `heard_after_s` after the hand moved, dated `dated_off_s` beside it."""

    event_id: str
    heard_after_s: float
    dated_off_s: float


@pytest.fixture
def presses(lines: Lines, broker: Address, listener: Listener, tmp_path: Path) -> Sequence[Press]:
    """Press a real sensor service's line again and again."""
    pin = lines.pins[0]
    lines.drive(pin, high=False)
    with edge_process(
        "sensor-motion",
        sensors=SENSOR.format(pin=pin, min_interval_s=MIN_INTERVAL_S),
        broker=broker,
        folder=tmp_path,
        awaits={"sensor_ready": 1, "broker_connected": 1},
    ):
        taken = [_press(lines, pin, listener) for _ in range(WARM_UP_PRESSES + PRESSES)]
    return taken[WARM_UP_PRESSES:]


def _press(lines: Lines, pin: int, listener: Listener) -> Press:
    """Press, wait for the message, let go. All clocks are this machine's."""
    before_s, before_utc = time.monotonic(), datetime.now(UTC)
    lines.drive(pin, high=True)
    after_utc = datetime.now(UTC)
    _, message = listener.next()
    heard_after_s = time.monotonic() - before_s
    lines.drive(pin, high=False)
    time.sleep(2 * MIN_INTERVAL_S)
    dated = datetime.fromisoformat(message["timestamp"]).replace(tzinfo=UTC)
    off_s = max((before_utc - dated).total_seconds(), (dated - after_utc).total_seconds(), 0.0)
    return Press(message["event_id"], heard_after_s, off_s)


def test_each_press_is_one_message_dated_by_the_kernel(
    presses: Sequence[Press], report_dir: Path | None, request: pytest.FixtureRequest
) -> None:
    """Each event's time is within 20 ms of the interval in which the hand moved.

    How long the way takes is told and drawn, not asserted: it is the machine's.
    """
    rig = request.config.getoption("--rig")
    text = report(presses, rig=rig, code=request.config.getoption("--code"))
    request.config.get_terminal_writer().write(f"\n{text}\n")
    if report_dir is not None:
        drawing = histogram(
            [press.heard_after_s * 1000 for press in presses],
            title=f"Edge to MQTT message, {len(presses)} presses, rig {rig}",
            unit="ms",
        )
        (report_dir / f"latency-{rig}.svg").write_text(drawing, encoding="utf-8")
        (report_dir / f"latency-{rig}.md").write_text(text, encoding="utf-8")
    assert len({press.event_id for press in presses}) == PRESSES
    assert max(press.dated_off_s for press in presses) < DATED_WITHIN_S


def report(presses: Sequence[Press], *, rig: str, code: str) -> str:
    """Write the figures as a page."""
    figures = {
        "edge to message": summarise([press.heard_after_s for press in presses]),
        "event's time beside the edge": summarise([press.dated_off_s for press in presses]),
    }
    rows = [
        (name, *(f"{ms:.1f}" for ms in (f.p50_ms, f.p90_ms, f.p99_ms, f.max_ms)))
        for name, f in figures.items()
    ]
    return (
        f"# Edge to MQTT message, rig {rig}\n\n"
        f"Written {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `nox -s hil -- --rig {rig} "
        f"--report docs/evidence`, {len(presses)} presses, commit {code}.\n\n"
        f"{table(('ms', 'p50', 'p90', 'p99', 'max'), rows)}\n\n"
        f"![Histogram](latency-{rig}.svg)\n\n"
        "- Start: before the hand puts the level on the line. End: a subscriber of Mosquitto has\n"
        "  the message. The sensor service journals the event in between. Ten presses before are\n"
        "  left out.\n"
        "- Beside the edge: how far the event's `timestamp` lies outside the interval in which\n"
        "  the hand moved; 0 where it lies inside.\n"
        "- The virtual rig's processor is emulated: its figures say that the chain works, not how\n"
        "  fast a Pi is.\n"
    )
