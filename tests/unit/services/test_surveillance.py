"""The surveillance service: each event a row, then the PUBACK, then perhaps a clip."""

from datetime import timedelta

import pytest
from attrs import evolve

from surveil_core.events import CLOCK_NOT_SET, EventType, SensorKind
from surveil_core.messages import build_sensor_message
from surveil_core.notices import (
    EventReceived,
    EventStored,
    LettersDropped,
    MessageRefused,
    RepeatsIgnored,
    StoreFailed,
)
from surveil_core.ports.dead_letters import DeadLetter
from surveil_core.ports.event_store import ReceivedEvent
from surveil_core.ports.recorder import Trigger
from surveil_core.services.surveillance import SurveillanceService
from tests.examples import MOTION_EVENT, event_number
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.broker import FakeInbox
from tests.fakes.clock import FakeClock
from tests.fakes.event_store import FakeEventStore
from tests.fakes.recorder import FakeRecorder

MESSAGE = build_sensor_message(MOTION_EVENT)
EVENT_ID = MOTION_EVENT.event_id
RECORDED_TYPES = frozenset({EventType.MOTION_DETECTED, EventType.PRESSURE_DETECTED})


class Bench:
    """A surveillance service on fakes."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.inbox = FakeInbox()
        self.store = FakeEventStore()
        self.recorder = FakeRecorder()
        self.announcer = RecordingAnnouncer()
        self.service = SurveillanceService(
            device_id="raspberry-1",
            inbox=self.inbox,
            store=self.store,
            recorder=self.recorder,
            recorded_types=RECORDED_TYPES,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )

    def take(self, *payloads: bytes, topic: str = "sensor/motion") -> None:
        """Let messages arrive together and the service deal with them."""
        for payload in payloads:
            self.inbox.put(topic, payload)
        self.service.step(0.0)


@pytest.fixture
def bench() -> Bench:
    """Give a service with an empty store."""
    return Bench()


def test_event_is_stored_with_its_topic_and_reception(bench: Bench) -> None:
    """The row has the event, where it came from and when it was received."""
    bench.take(MESSAGE)
    assert bench.store.rows == [
        ReceivedEvent(
            event=MOTION_EVENT,
            topic="sensor/motion",
            received_at_utc=bench.clock.now_utc(),
            to_film=True,
        )
    ]
    assert bench.inbox.acknowledged == [MESSAGE]


def test_storing_is_told_in_the_order_of_the_spec(bench: Bench) -> None:
    """Received, then stored with the row's number."""
    bench.take(MESSAGE)
    assert bench.announcer.notices == [
        EventReceived(
            service="surveillance",
            event_type="MOTION_DETECTED",
            event_id=EVENT_ID,
            topic="sensor/motion",
        ),
        EventStored(service="surveillance", row_id=1, event_id=EVENT_ID),
    ]


def test_new_event_triggers_the_recorder(bench: Bench) -> None:
    """The recorder learns the row, the id, the type, the instant and the sensor."""
    bench.take(MESSAGE)
    assert bench.recorder.triggers == [
        Trigger(
            event_row_id=1,
            event_id=EVENT_ID,
            event_type=EventType.MOTION_DETECTED,
            at_s=bench.clock.monotonic_s(),
            gpio_pin=17,
        )
    ]


def test_recorded_types_are_filmed_and_the_others_are_not(bench: Bench) -> None:
    """A clip of a recorded type is a job of the event's own transaction."""
    bench.take(*(build_sensor_message(event_number(n, kind)) for n, kind in enumerate(SensorKind)))
    assert {trigger.event_type for trigger in bench.recorder.triggers} == RECORDED_TYPES
    assert {job.event_type for job in bench.store.jobs.jobs} == RECORDED_TYPES


def test_repeat_is_acknowledged_and_not_filmed_again(bench: Bench) -> None:
    """What the broker delivers twice has one row and one trigger, and is told as a repeat."""
    bench.take(MESSAGE, MESSAGE)
    assert len(bench.store.rows) == 1
    assert len(bench.recorder.triggers) == 1
    assert bench.inbox.acknowledged == [MESSAGE, MESSAGE]
    assert len(bench.announcer.of(EventStored)) == 1
    assert [notice.messages for notice in bench.announcer.of(RepeatsIgnored)] == [1]


def test_what_came_together_is_one_transaction(bench: Bench) -> None:
    """A failure stores none of it, so nothing is acknowledged that is not stored."""
    bench.store.failures = 1
    bench.clock.stop_requested = True
    messages = [build_sensor_message(event_number(number)) for number in range(3)]
    bench.take(*messages, b"{")
    assert (bench.store.rows, bench.inbox.acknowledged) == ([], [])
    bench.clock.stop_requested = False
    bench.inbox.open()
    bench.service.step(0.0)
    assert len(bench.store.rows) == 3
    assert bench.inbox.acknowledged == [*messages, b"{"]


def test_nothing_to_store_is_silent(bench: Bench) -> None:
    """Waiting in vain stores and tells nothing."""
    bench.service.step(0.0)
    assert bench.store.rows == []
    assert bench.announcer.notices == []


@pytest.mark.parametrize(
    "payload", [b"", b"not json", b"\xff", b"{}", b"[]", b"[" * 50_000, b"x" * 65_537]
)
def test_bad_message_is_told_and_taken_off_the_broker(bench: Bench, payload: bytes) -> None:
    """A message that breaks the contract is refused once and never stops the service."""
    bench.take(payload, MESSAGE)
    (refused,) = bench.announcer.of(MessageRefused)
    assert (refused.topic, refused.payload_bytes) == ("sensor/motion", len(payload))
    assert bench.inbox.acknowledged == [payload, MESSAGE]
    assert len(bench.store.rows) == 1
    assert bench.store.box.letters == [
        DeadLetter(topic="sensor/motion", payload=payload, reason=refused.reason)
    ]


def test_message_on_another_topic_is_a_dead_letter(bench: Bench) -> None:
    """A session may still hold a subscription that is configured no longer."""
    bench.take(MESSAGE, topic="sensor/old")
    (letter,) = bench.store.box.letters
    assert "sensor/old" in letter.reason
    assert bench.store.rows == []
    assert bench.inbox.acknowledged == [MESSAGE]


def test_event_waits_until_the_store_takes_it(bench: Bench) -> None:
    """While the database is locked the event is tried again; the PUBACK waits for the row."""
    bench.store.failures = 3
    received_at_utc = bench.clock.now_utc()
    bench.take(MESSAGE)
    failed = bench.announcer.of(StoreFailed)
    assert [notice.retry_in_s for notice in failed] == [0.5, 1.0, 2.0]
    assert {notice.reason for notice in failed} == {"database is locked"}
    assert bench.clock.waits_s == [0.5, 1.0, 2.0]
    assert [row.received_at_utc for row in bench.store.rows] == [received_at_utc]
    assert bench.inbox.acknowledged == [MESSAGE]


def test_stop_leaves_the_event_with_the_broker(bench: Bench) -> None:
    """Asked to stop while the database is locked: no PUBACK, no clip, and it comes again."""
    bench.store.failures = 1
    bench.clock.stop_requested = True
    bench.take(MESSAGE)
    assert bench.inbox.acknowledged == []
    assert bench.recorder.triggers == []

    bench.clock.stop_requested = False
    bench.inbox.open()
    bench.service.step(0.0)
    assert bench.inbox.acknowledged == [MESSAGE]
    assert len(bench.recorder.triggers) == 1


def test_event_that_no_row_can_hold_is_a_dead_letter_alone(bench: Bench) -> None:
    """Those that came with it are stored and filmed, and none is stored twice."""
    good, bad, last = (event_number(number) for number in range(3))
    bench.store.untakeable_ids.add(bad.event_id)
    bench.take(*(build_sensor_message(event) for event in (good, bad, last)), b"{")
    assert [row.event for row in bench.store.rows] == [good, last]
    assert [trigger.event_id for trigger in bench.recorder.triggers] == [
        good.event_id,
        last.event_id,
    ]
    assert len(bench.store.box.letters) == 2
    assert any("CHECK" in letter.reason for letter in bench.store.box.letters)
    assert len(bench.inbox.acknowledged) == 4


def test_pin_of_another_device_chooses_no_camera(bench: Bench) -> None:
    """Its sensor at that pin is not the one that a camera of ours names."""
    bench.take(build_sensor_message(evolve(MOTION_EVENT, device_id="raspberry-2")))
    assert [trigger.gpio_pin for trigger in bench.recorder.triggers] == [None]


def test_trigger_says_how_old_the_event_is(bench: Bench) -> None:
    """An event that waited for an hour is not filmed as if it happened now."""
    bench.clock.advance(3600.0)
    bench.take(MESSAGE)
    assert [trigger.age_s for trigger in bench.recorder.triggers] == [3600.0]


@pytest.mark.parametrize("device_id", ["raspberry-2", "raspberry-1"])
def test_clock_that_is_wrong_prevents_no_film(bench: Bench, device_id: str) -> None:
    """Neither another device's, nor a time that is still to come or ages ago."""
    later = evolve(event_number(3600), device_id=device_id)
    earlier = evolve(event_number(0), device_id="raspberry-2")
    bench.take(build_sensor_message(later))
    bench.clock.advance(3600.0)
    bench.take(build_sensor_message(earlier))
    bench.clock.advance(365 * 86_400.0)
    bench.take(build_sensor_message(event_number(1)))
    assert [trigger.age_s for trigger in bench.recorder.triggers] == [0.0, 0.0, 0.0]


def test_event_of_a_clock_that_was_not_set_is_filmed(bench: Bench) -> None:
    """It waited for the broker while the time server answered, and the clock jumped."""
    bench.clock.set_wall_clock(bench.clock.now_utc() + timedelta(hours=3))
    bench.take(build_sensor_message(evolve(MOTION_EVENT, extra=CLOCK_NOT_SET)))
    assert [trigger.age_s for trigger in bench.recorder.triggers] == [0.0]


def test_dead_letters_that_had_to_go_are_told(bench: Bench) -> None:
    """A quota that is reached is never silent."""
    bench.take(b"{")
    assert bench.announcer.of(LettersDropped) == []
    bench.store.dropped_letters = 2
    bench.take(b"{")
    assert [notice.letters for notice in bench.announcer.of(LettersDropped)] == [2]


class WaitingStore(FakeEventStore):
    """Notes what the recorder was told to expect while an event is stored."""

    def __init__(self, recorder: FakeRecorder) -> None:
        super().__init__()
        self.recorder = recorder
        self.expected_meanwhile: list[list[float | None]] = []

    def add_events(self, events, dead=()):  # type: ignore[no-untyped-def]
        self.expected_meanwhile.append(list(self.recorder.expected))
        return super().add_events(events, dead)


def test_what_an_event_will_show_is_kept_while_it_is_stored(bench: Bench) -> None:
    """That may take long, and others may come meanwhile: until the inbox is empty."""
    store = WaitingStore(bench.recorder)
    bench.service.store = store
    at_s = bench.clock.monotonic_s()
    bench.take(MESSAGE)
    assert store.expected_meanwhile == [[at_s]]
    assert len(bench.recorder.triggers) == 1
    assert bench.recorder.expected == [at_s]
    bench.service.step(0.0)
    assert bench.recorder.expected == [at_s, None]


def test_of_several_events_the_oldest_is_awaited(bench: Bench) -> None:
    """They lay in the inbox while another was being stored."""
    now_utc = bench.clock.now_utc()
    events = [
        evolve(event_number(number), occurred_at_utc=now_utc - timedelta(seconds=age_s))
        for number, age_s in enumerate([1, 9, 4], start=1)
    ]
    bench.take(*map(build_sensor_message, events))
    assert bench.recorder.expected == [pytest.approx(bench.clock.monotonic_s() - 9)]


def test_for_what_is_not_filmed_nothing_is_kept(bench: Bench) -> None:
    """Presses of the button have no video."""
    button = build_sensor_message(event_number(1, kind=SensorKind.BUTTON))
    bench.take(button, topic="sensor/button")
    assert bench.recorder.expected == []
