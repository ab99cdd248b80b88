"""The bridge: what is written down, what is acknowledged, and when."""

import pytest

from surveil_core.delivery import BackendReply
from surveil_core.messages import build_sensor_message
from surveil_core.notices import (
    MessageReceived,
    MessageRefused,
    OutboxFull,
    PostDelivered,
    PostStarting,
    RepeatsIgnored,
    StoreFailed,
)
from surveil_core.ports.outbox import ArrivedEvent, OutboxChanges, OutboxEntry, WhenFull
from surveil_core.services.bridging import GROUP_MESSAGES, HOLD_S, BridgingService
from surveil_core.services.dispatching import Dispatcher
from tests.examples import MOTION_EVENT, RECEIVED_AT_UTC, event_number
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.backend import FakeBackend
from tests.fakes.broker import FakeInbox
from tests.fakes.clock import FakeClock
from tests.fakes.outbox import FakeOutbox
from tests.fakes.wakeup import FakeWakeup

MESSAGE = build_sensor_message(MOTION_EVENT)
EVENT_ID = MOTION_EVENT.event_id
URL = "http://backend:8000/api/events"
TOPIC = "sensor/motion"


class Bench:
    """A bridge between a fake broker and a fake backend."""

    def __init__(self, *answers: BackendReply | str, outbox: FakeOutbox | None = None) -> None:
        self.clock = FakeClock()
        self.wakeup = FakeWakeup()
        self.inbox = FakeInbox(wakeup=self.wakeup)
        self.outbox = outbox or FakeOutbox()
        self.backend = FakeBackend(answers=answers, wakeup=self.wakeup)
        self.announcer = RecordingAnnouncer()
        self.service = BridgingService(
            inbox=self.inbox,
            outbox=self.outbox,
            dispatcher=Dispatcher(
                service="bridge",
                outbox=self.outbox,
                backend=self.backend,
                clock=self.clock,
                announcer=self.announcer,
                random_unit=lambda: 0.0,
            ),
            wakeup=self.wakeup,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )
        self.service.start()

    def carry(self, *payloads: bytes, topic: str = TOPIC) -> None:
        """Let messages arrive together; the bridge takes them, then their answers."""
        for payload in payloads:
            self.inbox.put(topic, payload)
        self.service.step(0.5)
        self.service.step(0.5)

    def wait(self, duration_s: float) -> None:
        """Let time pass while the bridge runs."""
        for _ in range(int(duration_s * 2)):
            self.clock.advance(0.5)
            self.service.step(0.5)


def messages(count: int) -> list[bytes]:
    """Write numbered events."""
    return [build_sensor_message(event_number(number)) for number in range(count)]


def test_delivery_is_told_in_the_order_of_the_spec() -> None:
    """Received with both types, then the POST, then its status."""
    bench = Bench()
    bench.carry(MESSAGE)
    assert bench.announcer.notices == [
        MessageReceived(
            service="bridge",
            topic=TOPIC,
            event_id=EVENT_ID,
            event_type="MOTION_DETECTED",
            alert_type="motion_detected",
        ),
        PostStarting(service="bridge", backend_url=URL, event_id=EVENT_ID),
        PostDelivered(service="bridge", status=201, event_id=EVENT_ID),
    ]


def test_message_is_in_the_outbox_before_its_puback() -> None:
    """A bridge that dies now has it still; one that could not write it gets it again."""
    bench = Bench()
    bench.outbox.failures = 1
    bench.carry(MESSAGE)
    assert bench.inbox.acknowledged == []
    bench.wait(1.0)
    assert bench.inbox.acknowledged == [MESSAGE]
    assert bench.outbox.counters().delivered == 1


def test_absent_backend_holds_up_no_puback() -> None:
    """The outbox has the event: the broker need not keep it."""
    bench = Bench("Connection refused")
    bench.carry(MESSAGE)
    assert bench.inbox.acknowledged == [MESSAGE]
    assert bench.outbox.counters().waiting == 1


def test_a_week_without_backend_is_survived_in_order() -> None:
    """Thousands of failures later all events go out as they came."""
    bench = Bench(*["Network is unreachable"] * 10_000)
    bench.carry(*messages(3))
    for _ in range(20_100):
        bench.clock.advance(30.0)
        bench.service.step(0.5)
    delivered = [posting.event_id for posting in bench.backend.sent[-3:]]
    assert delivered == [event_number(number).event_id for number in range(3)]
    assert bench.outbox.counters().delivered == 3


def test_what_came_together_is_one_transaction() -> None:
    """Arrivals, refused messages and answers share a commit."""
    bench = Bench()
    bench.carry(*messages(5), b"{")
    first, second = bench.outbox.changes
    assert (len(first.arrived), len(first.dead)) == (5, 1)
    assert len(second.delivered) == 5


def test_more_than_a_group_is_taken_in_groups() -> None:
    """A flood is written down bit by bit, without waiting in between."""
    bench = Bench()
    bench.carry(*messages(GROUP_MESSAGES + 1))
    assert [len(changes.arrived) for changes in bench.outbox.changes] == [GROUP_MESSAGES, 1]


def test_nothing_to_carry_is_silent() -> None:
    """Waiting in vain writes, sends and tells nothing."""
    bench = Bench()
    bench.service.step(0.5)
    assert (bench.backend.sent, bench.outbox.changes, bench.announcer.notices) == ([], [], [])
    assert bench.wakeup.waits_s == [0.5]


def test_repeat_is_acknowledged_and_not_sent_again() -> None:
    """What a sensor published anew was delivered before."""
    bench = Bench()
    bench.carry(MESSAGE)
    bench.carry(MESSAGE)
    assert len(bench.backend.sent) == 1
    assert bench.inbox.acknowledged == [MESSAGE, MESSAGE]
    assert [notice.messages for notice in bench.announcer.of(RepeatsIgnored)] == [1]


@pytest.mark.parametrize(
    "payload", [b"", b"not json", b"\xff", b"{}", b"[]", b"[" * 50_000, b"x" * 65_537]
)
def test_bad_message_is_told_and_kept(payload: bytes) -> None:
    """A message that breaks the contract is a dead letter and never stops the bridge."""
    bench = Bench()
    bench.carry(payload, MESSAGE)
    (refused,) = bench.announcer.of(MessageRefused)
    assert (refused.topic, refused.payload_bytes) == (TOPIC, len(payload))
    (letter,) = bench.outbox.box.letters
    assert (letter.topic, letter.payload, letter.reason) == (TOPIC, payload, refused.reason)
    assert bench.inbox.acknowledged == [payload, MESSAGE]
    assert bench.outbox.counters().delivered == 1


def test_message_on_another_topic_is_kept_and_not_sent() -> None:
    """A session may still hold a subscription that is configured no longer."""
    bench = Bench()
    bench.carry(MESSAGE, topic="sensor/old")
    (letter,) = bench.outbox.box.letters
    assert "sensor/old" in letter.reason
    assert bench.backend.sent == []
    assert bench.inbox.acknowledged == [MESSAGE]


def test_earlier_life_is_taken_up() -> None:
    """What a killed bridge had in its outbox goes out without a message."""
    outbox = FakeOutbox()
    arrived = ArrivedEvent(event=MOTION_EVENT, topic=TOPIC, payload=MESSAGE)
    outbox.commit(OutboxChanges(arrived=[arrived], at_utc=RECEIVED_AT_UTC))
    bench = Bench(outbox=outbox)
    bench.wait(0.5)
    assert [posting.event_id for posting in bench.backend.sent] == [EVENT_ID]


def test_letter_replayed_by_another_program_goes_out() -> None:
    """The running bridge notices what the command did."""
    bench = Bench(BackendReply(status=400, text="no"))
    bench.carry(MESSAGE)
    assert bench.outbox.dead_letters().revive(1, MOTION_EVENT)
    bench.wait(1.0)
    assert bench.outbox.counters().delivered == 1


def test_answers_are_written_down_when_the_disk_takes_them_again() -> None:
    """Meanwhile the device sends nothing more, and nothing is sent twice."""
    bench = Bench()
    bench.carry(MESSAGE)
    bench.outbox.failures = 3
    bench.inbox.put(TOPIC, messages(2)[1])
    bench.wait(10.0)
    assert [n.retry_in_s for n in bench.announcer.of(StoreFailed)] == [0.5, 1.0, 2.0]
    assert bench.outbox.counters().delivered == 2
    assert len(bench.backend.sent) == 2


def test_full_outbox_leaves_messages_with_the_broker() -> None:
    """No PUBACK for what is not written; it is taken when there is room, and in order."""
    bench = Bench("Connection refused", outbox=FakeOutbox(max_bytes=3 * len(MESSAGE)))
    five = messages(5)
    bench.carry(*five)
    held = [notice.held_events for notice in bench.announcer.of(OutboxFull)]
    assert held == [3]
    assert bench.inbox.acknowledged == five[:2]
    bench.wait(HOLD_S + 10.0)
    assert bench.inbox.acknowledged == five
    assert [posting.event_id for posting in bench.backend.sent[1:]] == [
        event_number(number).event_id for number in range(5)
    ]


def test_full_outbox_may_give_up_the_oldest_loudly() -> None:
    """With `drop_oldest` each loss is said."""
    outbox = FakeOutbox(max_bytes=3 * len(MESSAGE), when_full=WhenFull.DROP_OLDEST)
    bench = Bench("Connection refused", outbox=outbox)
    bench.carry(*messages(5))
    assert sum(notice.dropped_events for notice in bench.announcer.of(OutboxFull)) == 3
    counters = outbox.counters()
    assert (counters.received, counters.refused, counters.waiting) == (5, 3, 2)


def test_unreadable_entries_become_dead_letters_and_hold_up_nothing() -> None:
    """What an earlier release took and this one cannot read; what is behind it goes out."""
    bench = Bench()
    for number in range(60):
        bench.outbox.entries.append(
            OutboxEntry(
                entry_id=1000 + number,
                device_id=MOTION_EVENT.device_id,
                event_id=f"e{number}",
                topic=TOPIC,
                payload=b"{}",
            )
        )
    bench.carry(MESSAGE)
    bench.wait(10.0)
    assert bench.outbox.entries == []
    assert len(bench.outbox.box.letters) == 60
    assert "is missing" in bench.outbox.box.letters[0].reason
    assert bench.outbox.counters().delivered == 1


def test_answers_in_hand_are_written_down_on_stop() -> None:
    """A clean stop repeats nothing."""
    bench = Bench()
    bench.inbox.put(TOPIC, MESSAGE)
    bench.service.step(0.5)
    assert bench.outbox.counters().waiting == 1
    bench.service.close()
    bench.service.close()
    assert bench.outbox.counters().delivered == 1
