"""From the edge of a sensor's line to the Socket.IO client of a browser.

Ours and the plain loop run all the time and are fired in turns, so both meet the same
camera, disk and neighbours. A block ends when all its events have arrived.
"""

import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

from bench.chains import Chain, Passage, our_chain, plain_chain
from bench.figures import Figures, summarise
from bench.report import Section, figures_table, ratio_text
from tests.rig.brokers import native_broker

BUDGET_P99_MS = 50.0
WARM_UP_EVENTS = 20
MIN_PAUSE_S, MAX_PAUSE_S = 0.04, 0.06
"""About 20 events a second, at a pace that falls in step with nothing, such as pictures."""


@frozen(kw_only=True)
class Run:
    """What both chains did, without the warm-up."""

    ours: list[Passage]
    plain: list[Passage]
    stored_events: int
    stored_clips: int


def measure(*, quick: bool) -> Section:
    """Run both chains in turns: 10 blocks of 60 events each, or 2 of 25. About 2 minutes."""
    run = _run(blocks=2, block_events=25) if quick else _run(blocks=10, block_events=60)
    return Section(title="Latency, edge to Socket.IO client", text=_text(run))


def _run(*, blocks: int, block_events: int) -> Run:
    with TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with (
            native_broker(folder) as broker,
            our_chain(broker, folder) as ours,
            plain_chain(broker, folder) as plain,
        ):
            for chain in (ours, plain):
                _fire(chain, WARM_UP_EVENTS)
            for _ in range(blocks):
                for chain in (ours, plain):
                    _fire(chain, block_events)
            stored_events, stored_clips = ours.stored()
            return Run(
                ours=ours.passages()[WARM_UP_EVENTS:],
                plain=plain.passages()[WARM_UP_EVENTS:],
                stored_events=stored_events,
                stored_clips=stored_clips,
            )


def _fire(chain: Chain, count: int) -> None:
    already = len(chain.listener.received_at_s)
    for _ in range(count):
        chain.fire()
        time.sleep(random.uniform(MIN_PAUSE_S, MAX_PAUSE_S))
    chain.listener.wait_for_count(already + count)


def _text(run: Run) -> str:
    ours, plain = _total(run.ours), _total(run.plain)
    verdict = "met" if ours.p99_ms < BUDGET_P99_MS else "MISSED"
    stages = figures_table(
        [
            ("**ours, edge to client**", ours),
            ("**plain loop, edge to client**", plain),
            ("ours: edge to body in the backend", _to_backend(run.ours)),
            ("ours: there to client, stored on the way", _from_backend(run.ours)),
            ("aside, ours: press command to edge", _control_socket(run.ours)),
        ]
    )
    return (
        f"{stages}\n\n"
        f"- Budget: p99 under {BUDGET_P99_MS:g} ms: **{verdict}** ({ours.p99_ms:.1f} ms).\n"
        f"- Ours, in multiples of the plain loop: {ratio_text(ours, plain)}.\n"
        f"{_NOTES}"
        f"- Meanwhile surveillance stored {run.stored_events} events and "
        f"{run.stored_clips} clips.\n"
    ).rstrip()


_NOTES = """\
- Ours: Mosquitto, `python -m apps.backend` and `python -m apps.edge run` with everything on:
  three simulated sensors, QoS 1, bridge, page, events and clips into SQLite, 1280x720 at 15/s
  encoded all the time and stored in short clips while we measure.
- Plain loop: paho publishes at QoS 0, a paho callback calls `requests.post`, a python-socketio
  application emits. It stores nothing, repeats nothing and checks nothing: a floor, not a peer.
- Both run all the time and are fired in alternate blocks, 20 events a second; the first 20 of
  each are left out. The edge is the event's own `timestamp` (for the plain loop, just before
  `publish`); the end is the handler of a python-socketio client over WebSocket. One wall clock.
- Not measured: a network (all on loopback), a Raspberry Pi and its SD card, real GPIO
  interrupts, TLS, more than one browser, the Pi's own page, bursts above 20 events a second.
"""


def _total(passages: list[Passage]) -> Figures:
    return summarise([p.received_at_s - p.edge_at_s for p in passages])


def _to_backend(passages: list[Passage]) -> Figures:
    return summarise([p.posted_at_s - p.edge_at_s for p in passages if p.posted_at_s])


def _from_backend(passages: list[Passage]) -> Figures:
    return summarise([p.received_at_s - p.posted_at_s for p in passages if p.posted_at_s])


def _control_socket(passages: list[Passage]) -> Figures:
    return summarise([p.edge_at_s - p.fired_at_s for p in passages])
