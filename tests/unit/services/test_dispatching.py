"""What the bridge sends when: order in a device, several devices at once, patience."""

from collections.abc import Sequence

import pytest
from attrs import evolve

from surveil_core.delivery import BackendReply
from surveil_core.events import SensorEvent
from surveil_core.messages import build_backend_body, build_sensor_message
from surveil_core.notices import (
    BulkDeclined,
    BulkDelivered,
    BulkStarting,
    PostPostponed,
    PostRefused,
)
from surveil_core.ports.backend import Run, RunResult
from surveil_core.ports.outbox import ArrivedEvent, OutboxChanges, OutboxEntry
from surveil_core.services.dispatching import (
    BULK_FROM_EVENTS,
    BULK_PAUSE_S,
    RUN_BYTES,
    RUN_EVENTS,
    Dispatcher,
)
from tests.examples import MOTION_EVENT, RECEIVED_AT_UTC, event_number
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.backend import SILENCE, FakeBackend
from tests.fakes.clock import FakeClock
from tests.fakes.outbox import FakeOutbox

TOPIC = "sensor/motion"


def events_of(device_id: str, count: int) -> list[SensorEvent]:
    """Number the events of one device."""
    return [evolve(event_number(number), device_id=device_id) for number in range(count)]


class Bench:
    """A dispatcher between a fake outbox and a fake backend."""

    def __init__(self, *answers: BackendReply | str, bulk_limit: int | None = None) -> None:
        self.clock = FakeClock()
        self.outbox = FakeOutbox()
        self.backend = FakeBackend(answers=answers, bulk_limit=bulk_limit)
        self.announcer = RecordingAnnouncer()
        self.dispatcher = Dispatcher(
            service="bridge",
            outbox=self.outbox,
            backend=self.backend,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )

    def wait_for(self, events: Sequence[SensorEvent]) -> None:
        """Let events wait in the outbox."""
        arrived = [
            ArrivedEvent(event=event, topic=TOPIC, payload=build_sensor_message(event))
            for event in events
        ]
        self.outbox.commit(OutboxChanges(arrived=arrived, at_utc=RECEIVED_AT_UTC))
        self.dispatcher.note_waiting(event.device_id for event in events)

    def turn(self) -> None:
        """Send what may go, take the results, write them down: what the bridge does."""
        self.dispatcher.dispatch()
        for result in self.backend.take_results():
            settled = self.dispatcher.settle(result)
            self.outbox.commit(
                OutboxChanges(
                    delivered=settled.delivered, refused=settled.refused, at_utc=RECEIVED_AT_UTC
                )
            )
            self.dispatcher.finish([result.run.device_id])

    @property
    def sent_ids(self) -> list[str]:
        """Name the events that reached the backend, in order."""
        return [posting.event_id for posting in self.backend.sent]


def replies(*statuses: int) -> list[BackendReply]:
    """Answer with these statuses in turn."""
    return [BackendReply(status=status) for status in statuses]


def test_event_goes_out_as_the_spec_says() -> None:
    """The body is the spec's, the key names device and event."""
    bench = Bench()
    bench.wait_for([MOTION_EVENT])
    bench.turn()
    (posting,) = bench.backend.sent
    assert posting.body == build_backend_body(MOTION_EVENT, topic=TOPIC)
    assert posting.idempotency_key == "raspberry-1/evt-1737123456-abc123"
    assert bench.outbox.counters().delivered == 1


def test_a_run_has_the_events_of_one_device_in_order() -> None:
    """Few go out in one run, the rest in the next."""
    bench = Bench()
    events = events_of("r1", RUN_EVENTS + 7)
    bench.wait_for(events)
    bench.turn()
    bench.turn()
    assert [len(run.postings) for run in bench.backend.runs] == [RUN_EVENTS, 7]
    assert bench.sent_ids == [event.event_id for event in events]


def test_devices_go_out_at_the_same_time_and_one_run_each() -> None:
    """A device's next run waits for its last one; other devices do not."""
    bench = Bench()
    bench.backend.holds = True
    bench.wait_for(events_of("r1", 1) + events_of("r2", 1))
    bench.dispatcher.dispatch()
    bench.wait_for(events_of("r1", 2)[1:])
    bench.dispatcher.dispatch()
    assert [run.device_id for run in bench.backend.out] == ["r1", "r2"]


def test_no_more_runs_than_the_backend_takes() -> None:
    """The others go when one has ended."""
    bench = Bench()
    bench.backend.holds, bench.backend.max_runs = True, 2
    bench.wait_for([evolve(MOTION_EVENT, device_id=f"r{number}") for number in range(3)])
    bench.dispatcher.dispatch()
    assert len(bench.backend.out) == 2
    assert bench.dispatcher.next_attempt_in_s() == float("inf")
    bench.backend.finish()
    bench.turn()
    bench.dispatcher.dispatch()
    assert [run.device_id for run in bench.backend.runs] == ["r0", "r1", "r2"]


def test_refused_event_is_put_aside_and_the_next_one_goes() -> None:
    """What the backend will never take does not hold up the device."""
    bench = Bench(BackendReply(status=400, text="no such field"))
    bench.wait_for(events_of("r1", 2))
    bench.turn()
    counters = bench.outbox.counters()
    assert (counters.delivered, counters.dead, counters.waiting) == (1, 1, 0)
    (letter,) = bench.outbox.box.stored
    assert letter.letter.reason == "HTTP 400: no such field"
    assert [notice.status for notice in bench.announcer.of(PostRefused)] == [400]


@pytest.mark.parametrize("status", [302, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504])
def test_event_waits_while_the_backend_does_not_take_it(status: int) -> None:
    """It goes out again after a pause, before all that came later."""
    bench = Bench(*replies(status))
    events = events_of("r1", 2)
    bench.wait_for(events)
    bench.turn()
    assert bench.outbox.counters().waiting == 2
    (postponed,) = bench.announcer.of(PostPostponed)
    assert (postponed.reason, postponed.retry_in_s) == (f"HTTP {status}", 0.5)
    assert bench.dispatcher.next_attempt_in_s() == 0.5
    bench.turn()
    assert len(bench.backend.runs) == 1
    bench.clock.advance(0.5)
    bench.turn()
    first, second = (event.event_id for event in events)
    assert bench.sent_ids == [first, first, second]


def test_devices_are_not_held_up_by_one_that_fails() -> None:
    """A single event that makes the backend fail costs its own device only."""
    bench = Bench(*replies(500))
    bench.wait_for(events_of("r1", 1) + events_of("r2", 3))
    bench.turn()
    assert [entry.device_id for entry in bench.outbox.entries] == ["r1"]


def test_absent_backend_is_probed_by_one_event() -> None:
    """Nothing else goes out until the probe has come through; then all goes."""
    bench = Bench("Connection refused", "Connection refused")
    bench.wait_for(events_of("r1", 3) + events_of("r2", 3))
    bench.turn()
    assert bench.dispatcher.next_attempt_in_s() == 0.5
    bench.turn()
    assert len(bench.backend.runs) == 2
    bench.clock.advance(0.5)
    bench.turn()
    assert [len(run.postings) for run in bench.backend.runs[2:]] == [1]
    bench.turn()
    assert bench.outbox.counters().waiting == 0
    assert [notice.reason for notice in bench.announcer.of(PostPostponed)] == [
        "Connection refused",
        "Connection refused",
    ]


def test_probe_rotates_among_the_devices() -> None:
    """An event that alone makes the backend fail cannot keep the circuit open."""
    bench = Bench("no answer", "no answer", BackendReply(status=500))
    bench.wait_for(events_of("r1", 1) + events_of("r2", 1))
    bench.turn()
    for _ in range(4):
        bench.clock.advance(30.0)
        bench.turn()
    assert bench.outbox.counters().waiting == 0


def test_retry_after_is_honoured_for_all_devices() -> None:
    """The backend named the time."""
    bench = Bench(BackendReply(status=429, retry_after_s=7.0), BackendReply(status=503))
    bench.wait_for(events_of("r1", 1) + events_of("r2", 1))
    bench.turn()
    assert bench.dispatcher.next_attempt_in_s() == 7.0


def test_silence_is_given_more_time_at_each_attempt() -> None:
    """A backend that answers after 30 s is heard at the third attempt."""
    bench = Bench(SILENCE, SILENCE)
    bench.wait_for([MOTION_EVENT])
    for _ in range(3):
        bench.turn()
        bench.clock.advance(30.0)
    assert [run.timeout_s for run in bench.backend.runs] == [10.0, 20.0, 40.0]
    assert bench.outbox.counters().delivered == 1


def test_backlog_goes_out_by_bulk_once_the_backend_says_it_takes_it() -> None:
    """The first run tells; the rest goes in single requests, in order."""
    bench = Bench(bulk_limit=100)
    events = events_of("r1", RUN_EVENTS + 150)
    bench.wait_for(events)
    for _ in range(3):
        bench.turn()
    assert [run.as_bulk for run in bench.backend.runs] == [False, True, True]
    assert [len(run.postings) for run in bench.backend.runs] == [RUN_EVENTS, 100, 50]
    assert bench.sent_ids == [event.event_id for event in events]
    assert [notice.events for notice in bench.announcer.of(BulkStarting)] == [100, 50]
    assert [notice.delivered for notice in bench.announcer.of(BulkDelivered)] == [100, 50]


def test_few_events_go_one_by_one() -> None:
    """Bulk is for a backlog."""
    bench = Bench(bulk_limit=500)
    bench.wait_for([MOTION_EVENT])
    bench.turn()
    bench.wait_for(events_of("r2", BULK_FROM_EVENTS - 1))
    bench.turn()
    assert [run.as_bulk for run in bench.backend.runs] == [False, False]


def bench_with_bulk_out() -> tuple[Bench, Run]:
    """Let 30 events of r2 be out in one request, whose end is the test's."""
    bench = Bench(bulk_limit=100)
    bench.wait_for([MOTION_EVENT])
    bench.turn()
    bench.backend.holds = True
    bench.wait_for(events_of("r2", 30))
    bench.dispatcher.dispatch()
    (run,) = bench.backend.out
    return bench, run


def test_backend_that_refuses_bulk_gets_single_events_at_once() -> None:
    """It is not asked again for ten minutes, and that is no failure."""
    bench, run = bench_with_bulk_out()
    assert run.as_bulk
    bench.backend.finish(run, RunResult(run=run, failure="no bulk: HTTP 404", bulk_limit=0))
    bench.backend.holds = False
    for _ in range(5):
        bench.turn()
    assert bench.outbox.counters().waiting == 0
    assert not bench.backend.runs[-1].as_bulk
    assert bench.announcer.of(PostPostponed) == []
    bench.clock.advance(BULK_PAUSE_S)
    bench.wait_for(events_of("r3", 30))
    bench.turn()
    assert bench.backend.runs[-1].as_bulk


def test_bulk_that_fails_for_now_gives_way_to_single_events() -> None:
    """A bulk route that only answers 503 cannot hold up a device whose events get through."""
    bench, run = bench_with_bulk_out()
    bench.backend.finish(run, RunResult(run=run, replies=(BackendReply(status=503),)))
    bench.backend.holds = False
    for _ in range(6):
        bench.turn()
        bench.clock.advance(0.5)
    assert [run.as_bulk for run in bench.backend.runs] == [False, True, *[False] * 4]
    assert bench.outbox.counters().waiting == 0


def test_a_run_is_bounded_in_bytes() -> None:
    """Large messages go out fewer at a time, also by bulk."""
    bench = Bench(bulk_limit=500)
    bench.wait_for([MOTION_EVENT])
    bench.turn()
    bench.wait_for([evolve(event, extra={"note": "x" * 60_000}) for event in events_of("r2", 40)])
    bench.turn()
    run = bench.backend.runs[-1]
    assert run.as_bulk
    assert 0.9 * RUN_BYTES < sum(len(posting.body) for posting in run.postings) < 1.1 * RUN_BYTES


def test_entry_that_cannot_be_read_any_more_is_put_aside() -> None:
    """What another release took and this one refuses does not stop the device."""
    bench = Bench()
    bench.outbox.entries.append(
        OutboxEntry(entry_id=99, device_id="r1", event_id="e", topic=TOPIC, payload=b"{}")
    )
    bench.dispatcher.note_waiting(["r1"])
    bench.turn()
    ((entry_id, reason),) = bench.dispatcher.unsendable()
    assert entry_id == 99
    assert "is missing" in reason
    bench.dispatcher.forget_unsendable()
    assert bench.dispatcher.unsendable() == []


@pytest.mark.parametrize("failure", ["connection cut", None])
def test_event_that_makes_the_backend_fail_holds_up_its_own_device_only(
    failure: str | None,
) -> None:
    """For an hour another device's events get through within a second; its pauses grow."""
    bench = Bench()
    bench.backend.holds = True
    bench.wait_for(events_of("bad", 1))
    attempts, longest_wait_s = 0, 0.0
    for event in events_of("good", 720):
        bench.wait_for([event])
        came_at_s = bench.clock.monotonic_s()
        for _ in range(10):
            bench.dispatcher.dispatch()
            for run in list(bench.backend.out):
                is_bad = run.device_id == "bad"
                attempts += is_bad
                replies = (BackendReply(status=500 if is_bad else 201),)
                answered = RunResult(run=run, replies=replies)
                cut = RunResult(run=run, failure=failure)
                bench.backend.finish(run, cut if is_bad and failure else answered)
                if not is_bad:
                    longest_wait_s = max(longest_wait_s, bench.clock.monotonic_s() - came_at_s)
            bench.turn()
            bench.clock.advance(0.5)
    assert longest_wait_s <= 1.0
    assert attempts < 200


def test_failures_of_a_device_are_forgotten_with_its_success() -> None:
    """The next failure is a first one again."""
    bench = Bench(*replies(500, 500, 201, 500))
    bench.wait_for(events_of("r1", 2))
    for _ in range(3):
        bench.turn()
        bench.clock.advance(1.0)
    pauses = [notice.retry_in_s for notice in bench.announcer.of(PostPostponed)]
    assert pauses == [0.5, 1.0, 0.5]


def test_bulk_that_is_declined_is_told_with_its_reason() -> None:
    """Not as a delivery of nothing."""
    bench, run = bench_with_bulk_out()
    bench.backend.finish(run, RunResult(run=run, failure="HTTP 413", bulk_limit=0))
    bench.turn()
    assert [notice.reason for notice in bench.announcer.of(BulkDeclined)] == ["HTTP 413"]
    assert bench.announcer.of(BulkDelivered) == []


@pytest.mark.parametrize(("offered", "largest"), [(3, RUN_EVENTS), (100_000, 500)])
def test_offered_limit_is_taken_within_reason(offered: int, largest: int) -> None:
    """A tiny one is no help, and a huge one would be a huge request."""
    bench = Bench(bulk_limit=offered)
    bench.wait_for([MOTION_EVENT])
    bench.turn()
    bench.wait_for(events_of("r2", 700))
    bench.turn()
    assert len(bench.backend.runs[-1].postings) == largest
