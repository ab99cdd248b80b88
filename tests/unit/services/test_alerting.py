"""The Pi's own alerts: what is shown, what is acknowledged."""

from attrs import define, field

from surveil_core.messages import BrowserAlert, build_sensor_message
from surveil_core.notices import MessageRefused
from surveil_core.services.alerting import MAX_REMEMBERED_EVENTS, AlertingService
from surveil_core.vocabulary import AlertType
from tests.examples import MOTION_EVENT, event_number
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.broker import FakeInbox
from tests.fakes.clock import FakeClock

MESSAGE = build_sensor_message(MOTION_EVENT)


@define
class RecordingSink:
    """Implements `AlertSink`; keeps what was shown."""

    alerts: list[BrowserAlert] = field(factory=list)

    def emit(self, alert: BrowserAlert) -> None:
        """Keep `alert`."""
        self.alerts.append(alert)


@define
class Bench:
    """An alerting service between a fake broker and a recording sink."""

    inbox: FakeInbox = field(factory=FakeInbox)
    sink: RecordingSink = field(factory=RecordingSink)
    clock: FakeClock = field(factory=FakeClock)
    announcer: RecordingAnnouncer = field(factory=RecordingAnnouncer)
    service: AlertingService = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.service = AlertingService(
            inbox=self.inbox,
            sink=self.sink,
            clock=self.clock,
            announcer=self.announcer,
            location_by_device={"raspberry-1": "Entrée"},
        )

    def show(self, payload: bytes) -> None:
        """Let one message arrive and be dealt with."""
        self.inbox.put("sensor/motion", payload)
        self.service.step(0.0)


def test_an_event_is_shown_and_acknowledged() -> None:
    """A browser is told the mapped type, the place and the instant of reception."""
    bench = Bench()

    bench.show(MESSAGE)

    assert bench.sink.alerts == [
        BrowserAlert(
            type=AlertType.MOTION_DETECTED,
            device_id="raspberry-1",
            alerted_at_utc=bench.clock.now_utc(),
            location="Entrée",
            event_id=MOTION_EVENT.event_id,
            source="PIR",
        )
    ]
    assert len(bench.inbox.acknowledged) == 1


def test_a_bad_message_is_told_acknowledged_and_not_shown() -> None:
    """What breaks the contract goes no further and does not come again."""
    bench = Bench()

    bench.show(b"{")

    (refused,) = bench.announcer.of(MessageRefused)
    assert (refused.service, refused.topic, refused.payload_bytes) == ("web", "sensor/motion", 1)
    assert bench.sink.alerts == []
    assert len(bench.inbox.acknowledged) == 1


def test_a_repeat_is_not_shown_again() -> None:
    """What a sensor publishes anew after a reconnect was shown already."""
    bench = Bench()

    bench.show(MESSAGE)
    bench.show(MESSAGE)

    assert len(bench.sink.alerts) == 1
    assert len(bench.inbox.acknowledged) == 2


def test_memory_of_what_was_shown_is_bounded() -> None:
    """After a thousand other events one counts as new."""
    bench = Bench()
    bench.show(MESSAGE)
    for number in range(1, MAX_REMEMBERED_EVENTS + 1):
        bench.show(build_sensor_message(event_number(number)))
    bench.show(MESSAGE)

    assert len(bench.sink.alerts) == MAX_REMEMBERED_EVENTS + 2


def test_nothing_happens_without_a_message() -> None:
    """A step that times out shows nothing."""
    bench = Bench()

    bench.service.step(0.0)

    assert bench.sink.alerts == []
