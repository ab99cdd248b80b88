"""The bridge: what is sent, what is acknowledged, and when."""

from collections.abc import Sequence

import pytest
from attrs import evolve

from surveil_core.delivery import BackendReply
from surveil_core.messages import build_backend_body, build_sensor_message
from surveil_core.notices import (
    MessageReceived,
    MessageRefused,
    PostDelivered,
    PostPostponed,
    PostRefused,
    PostStarting,
)
from surveil_core.services.bridging import MAX_RETRY_AFTER_S, BridgingService
from tests.examples import MOTION_EVENT, event_number
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.backend import FakeBackend
from tests.fakes.broker import FakeInbox
from tests.fakes.clock import FakeClock

MESSAGE = build_sensor_message(MOTION_EVENT)
BODY = build_backend_body(MOTION_EVENT, topic="sensor/motion")
KEY = "raspberry-1/evt-1737123456-abc123"
EVENT_ID = MOTION_EVENT.event_id
URL = "http://backend:8000/api/events"


class Bench:
    """A bridge between a fake broker and a fake backend."""

    def __init__(self, *answers: BackendReply | str) -> None:
        self.clock = FakeClock()
        self.inbox = FakeInbox()
        self.backend = FakeBackend(answers=answers)
        self.announcer = RecordingAnnouncer()
        self.service = BridgingService(
            inbox=self.inbox,
            backend=self.backend,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )

    def carry(self, *payloads: bytes) -> None:
        """Let messages arrive and the bridge deal with each."""
        for payload in payloads:
            self.inbox.put("sensor/motion", payload)
        for _ in payloads:
            self.service.step(0.0)


def replies(*statuses: int) -> Sequence[BackendReply]:
    """Answer with these statuses in turn."""
    return [BackendReply(status=status) for status in statuses]


def test_event_is_posted_as_the_spec_says() -> None:
    """The body is the spec's, the key names device and event, and the broker is told."""
    bench = Bench()
    bench.carry(MESSAGE)
    assert bench.backend.sent == [(BODY, KEY)]
    assert bench.inbox.acknowledged == [MESSAGE]


@pytest.mark.parametrize(
    ("device_id", "event_id", "key"),
    [
        (" r1 ", "evt-1", "%20r1%20/evt-1"),
        ("r1", " ", "r1/%20"),
        ("caméra", "🚨", "cam%C3%A9ra/%F0%9F%9A%A8"),
        ("a/b", "c", "a%2Fb/c"),
        ("100%", "evt", "100%25/evt"),
    ],
)
def test_any_legal_id_makes_a_key_that_a_header_takes(
    device_id: str, event_id: str, key: str
) -> None:
    """Outer spaces, slashes and Unicode are percent-encoded, so no message blocks the bridge."""
    bench = Bench()
    message = build_sensor_message(evolve(MOTION_EVENT, device_id=device_id, event_id=event_id))
    bench.carry(message)
    assert [sent_key for _, sent_key in bench.backend.sent] == [key]
    assert bench.inbox.acknowledged == [message]


def test_delivery_is_told_in_the_order_of_the_spec() -> None:
    """Received with both types, then the POST, then its status."""
    bench = Bench()
    bench.carry(MESSAGE)
    assert bench.announcer.notices == [
        MessageReceived(
            service="bridge",
            topic="sensor/motion",
            event_id=EVENT_ID,
            event_type="MOTION_DETECTED",
            alert_type="motion_detected",
        ),
        PostStarting(service="bridge", backend_url=URL, event_id=EVENT_ID),
        PostDelivered(service="bridge", status=201, event_id=EVENT_ID),
    ]


def test_nothing_to_carry_is_silent() -> None:
    """Waiting in vain sends and tells nothing."""
    bench = Bench()
    bench.service.step(0.0)
    assert bench.backend.sent == []
    assert bench.announcer.notices == []


def test_known_event_is_delivered() -> None:
    """A 200 means that the backend had it; it is not sent again."""
    bench = Bench(*replies(200))
    bench.carry(MESSAGE)
    assert [notice.status for notice in bench.announcer.of(PostDelivered)] == [200]
    assert bench.inbox.acknowledged == [MESSAGE]


@pytest.mark.parametrize(
    "payload", [b"", b"not json", b"\xff", b"{}", b"[]", b"[" * 50_000, b"x" * 65_537]
)
def test_bad_message_is_told_and_taken_off_the_broker(payload: bytes) -> None:
    """A message that breaks the contract is refused once and never stops the bridge."""
    bench = Bench()
    bench.carry(payload, MESSAGE)
    (refused,) = bench.announcer.of(MessageRefused)
    assert (refused.topic, refused.payload_bytes) == ("sensor/motion", len(payload))
    assert refused.reason
    assert bench.inbox.acknowledged == [payload, MESSAGE]
    assert bench.backend.sent == [(BODY, KEY)]


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_refused_event_is_told_and_not_sent_again(status: int) -> None:
    """What the backend will never take does not hold up what comes behind."""
    bench = Bench(BackendReply(status=status, text="type is 'x'"))
    bench.carry(MESSAGE)
    assert bench.announcer.of(PostRefused) == [
        PostRefused(
            service="bridge",
            backend_url=URL,
            event_id=EVENT_ID,
            status=status,
            reason="type is 'x'",
        )
    ]
    assert len(bench.backend.sent) == 1
    assert bench.inbox.acknowledged == [MESSAGE]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Connection refused", f"{URL}: Connection refused"),
        (BackendReply(status=503), "HTTP 503"),
        (BackendReply(status=401), "HTTP 401"),
        (BackendReply(status=302), "HTTP 302"),
    ],
)
def test_event_waits_until_the_backend_takes_it(answer: BackendReply | str, reason: str) -> None:
    """The same body goes out again, with growing waits, until a 2xx; then the PUBACK."""
    bench = Bench(answer, answer, answer)
    bench.carry(MESSAGE)
    postponed = bench.announcer.of(PostPostponed)
    assert {notice.reason for notice in postponed} == {reason}
    assert [notice.retry_in_s for notice in postponed] == [0.5, 1.0, 2.0]
    assert bench.clock.waits_s == [0.5, 1.0, 2.0]
    assert bench.backend.sent == [(BODY, KEY)] * 4
    assert bench.inbox.acknowledged == [MESSAGE]


def test_a_week_without_backend_is_survived_in_order() -> None:
    """Thousands of failures lead to waits of 30 s, and the events keep their order."""
    bench = Bench(*["Network is unreachable"] * 20_000)
    messages = [build_sensor_message(event_number(number)) for number in range(3)]
    bench.carry(*messages)
    assert sum(bench.clock.waits_s) > 6.9 * 24 * 3600
    assert max(bench.clock.waits_s) == 30.0
    assert bench.inbox.acknowledged == messages


@pytest.mark.parametrize(
    ("retry_after_s", "waited_s"),
    [(7.0, 7.0), (0.0, 0.5), (1e9, MAX_RETRY_AFTER_S), (float("inf"), MAX_RETRY_AFTER_S)],
)
def test_retry_after_is_honoured_within_reason(retry_after_s: float, waited_s: float) -> None:
    """The backend may ask for a pause, but neither for none nor for one without end."""
    bench = Bench(BackendReply(status=429, retry_after_s=retry_after_s))
    bench.carry(MESSAGE)
    assert bench.clock.waits_s == [waited_s]


def test_stop_leaves_the_event_with_the_broker() -> None:
    """Asked to stop while the backend is away, the bridge acknowledges nothing."""
    bench = Bench("Connection refused")
    bench.clock.stop_requested = True
    bench.carry(MESSAGE)
    assert bench.inbox.acknowledged == []

    bench.clock.stop_requested = False
    bench.inbox.open()
    bench.service.step(0.0)
    assert bench.inbox.acknowledged == [MESSAGE]
    assert bench.backend.sent == [(BODY, KEY)] * 2
