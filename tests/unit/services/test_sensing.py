"""The sensor service: which edges become messages, and what is told of them."""

import json

import pytest
from attrs import evolve

from surveil_core.debounce import Verdict
from surveil_core.notices import (
    EdgeIgnored,
    EventDetected,
    EventKept,
    EventPublished,
    SensorFailed,
    SensorReady,
)
from surveil_core.ports.journal import JournalRecord
from surveil_core.ports.sensors import Edge, SensorSpec
from surveil_core.publication import Publication, PublicationPolicy
from surveil_core.services.journaling import EventJournal, JournalQuota
from surveil_core.services.publishing import JournalPublisher
from surveil_core.services.sensing import BACKLOG_STEP_S, SensingService
from tests.examples import SENSORS
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.broker import FakePublisher
from tests.fakes.clock import FakeClock
from tests.fakes.journal import FakeJournal
from tests.fakes.sensors import FakeSensors

PIR, BUTTON, MAT = SENSORS
SECOND_PIR = evolve(PIR, name="PIR Jardin", pin=5)
BUTTON_TO_GROUND = evolve(BUTTON, pull="up", active_high=False)
WATCHED = (PIR, SECOND_PIR, BUTTON, BUTTON_TO_GROUND, MAT)


class Bench:
    """A sensing service on fakes, and the hand that drives its lines."""

    def __init__(
        self, watched: tuple[SensorSpec, ...] = WATCHED, unavailable: str | None = None
    ) -> None:
        self.clock = FakeClock()
        self.sensors = FakeSensors(watched, unavailable)
        self.publisher = FakePublisher()
        self.announcer = RecordingAnnouncer()
        self.file = FakeJournal()
        journal = EventJournal(
            service="sensor-motion",
            journal=self.file,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )
        self.service = SensingService(
            service="sensor-motion",
            device_id="raspberry-1",
            specs=watched,
            sensors=self.sensors,
            journal=journal,
            outflow=JournalPublisher(
                service="sensor-motion",
                journal=journal,
                publisher=self.publisher,
                clock=self.clock,
                announcer=self.announcer,
            ),
            clock=self.clock,
            announcer=self.announcer,
            random_bytes=lambda count: b"\xab\xc1\x23"[:count],
            random_unit=lambda: 0.0,
        )
        self.service.step(0.0)
        self.first_notices = list(self.announcer.notices)
        self.announcer.notices.clear()

    def fire(self, sensor: SensorSpec = PIR, *, active: bool = True, age_s: float = 0.0) -> None:
        """Let `sensor` change `age_s` ago and the service deal with it."""
        at_s = self.clock.monotonic_s() - age_s
        self.sensors.put(Edge(sensor=sensor, active=active, at_s=at_s))
        self.service.step(0.0)

    @property
    def messages(self) -> list[dict[str, object]]:
        """What was published."""
        return [json.loads(payload) for _, payload in self.publisher.published]


@pytest.fixture
def bench() -> Bench:
    """Give a service whose lines are claimed."""
    return Bench()


def test_edge_becomes_the_message_of_the_spec(bench: Bench) -> None:
    """A motion on line 17 goes out on `sensor/motion`, in the spec's form."""
    bench.fire()
    assert bench.publisher.published == [
        (
            "sensor/motion",
            b'{"event_id":"evt-1736951445-abc123","device_id":"raspberry-1","source":"PIR",'
            b'"type":"MOTION_DETECTED","data":{"gpio_pin":17,"state":"HIGH"},'
            b'"timestamp":"2025-01-15T14:30:45.123456"}',
        )
    ]


def test_detection_is_told_before_its_publication(bench: Bench) -> None:
    """The log has the detection first, then the publication with the coming pause."""
    bench.fire()
    event_id = "evt-1736951445-abc123"
    assert bench.announcer.notices == [
        EventDetected(service="sensor-motion", kind="motion", event_id=event_id, gpio_pin=17),
        EventPublished(
            service="sensor-motion", event_id=event_id, topic="sensor/motion", min_interval_s=2.0
        ),
    ]


@pytest.mark.parametrize(
    ("sensor", "topic", "state"),
    [
        (BUTTON, "sensor/button", "HIGH"),
        (BUTTON_TO_GROUND, "sensor/button", "LOW"),
        (MAT, "sensor/pressure", "HIGH"),
    ],
)
def test_each_kind_has_its_topic_and_level(
    bench: Bench, sensor: SensorSpec, topic: str, state: str
) -> None:
    """A button to ground fires when its line goes low."""
    bench.fire(sensor)
    assert bench.publisher.published[0][0] == topic
    assert bench.messages[0]["data"] == {"gpio_pin": sensor.pin, "state": state}


def test_no_edge_does_nothing(bench: Bench) -> None:
    """Waiting in vain is silent."""
    bench.service.step(0.0)
    assert bench.publisher.published == []
    assert bench.announcer.notices == []


def test_release_is_silent(bench: Bench) -> None:
    """The end of a motion is no event and no news."""
    bench.fire(active=False)
    assert bench.publisher.published == []
    assert bench.announcer.notices == []


def test_edge_too_soon_is_told_and_not_sent(bench: Bench) -> None:
    """Within 2.0 s of the last event nothing is sent; at 2.0 s the next one is."""
    bench.fire()
    bench.clock.advance(1.5)
    bench.fire()
    assert bench.announcer.of(EdgeIgnored) == [
        EdgeIgnored(service="sensor-motion", sensor_name="PIR Entrée", verdict=Verdict.TOO_SOON)
    ]
    bench.clock.advance(0.5)
    bench.fire()
    assert len(bench.messages) == 2


def test_sensors_are_judged_apart(bench: Bench) -> None:
    """One sensor's event does not silence another of the same kind."""
    bench.fire(PIR)
    bench.fire(SECOND_PIR)
    assert [message["data"] for message in bench.messages] == [
        {"gpio_pin": 17, "state": "HIGH"},
        {"gpio_pin": 5, "state": "HIGH"},
    ]


def test_warm_up_runs_from_its_start(bench: Bench) -> None:
    """A PIR that has just been powered is not heard until it has settled."""
    warming = evolve(PIR, warm_up_s=60.0)
    bench.sensors.close()
    bench = Bench((warming,))
    bench.clock.advance(59.5)
    bench.fire(warming)
    assert [notice.verdict for notice in bench.announcer.of(EdgeIgnored)] == [Verdict.WARMING_UP]
    bench.clock.advance(0.5)
    bench.fire(warming)
    assert len(bench.messages) == 1


def test_time_is_that_of_the_edge(bench: Bench) -> None:
    """An edge that waited 1.5 s in the queue happened 1.5 s ago."""
    bench.fire(age_s=1.5)
    assert bench.messages[0]["timestamp"] == "2025-01-15T14:30:43.623456"
    assert str(bench.messages[0]["event_id"]).startswith("evt-1736951443-")


def test_event_of_a_clock_that_was_not_set_is_marked(bench: Bench) -> None:
    """It says so itself; once the clock is set, messages are the spec's and no more."""
    bench.clock.is_wall_clock_set = False
    bench.fire(PIR)
    bench.clock.is_wall_clock_set = True
    bench.fire(MAT)
    assert [message.get("clock_synced", "not a word") for message in bench.messages] == [
        False,
        "not a word",
    ]


def test_edge_from_the_future_happens_now(bench: Bench) -> None:
    """A line's clock that runs ahead cannot date an event beyond now."""
    bench.fire(age_s=-5.0)
    assert bench.messages[0]["timestamp"] == "2025-01-15T14:30:45.123456"


def test_event_is_in_the_journal_before_it_goes_out(bench: Bench) -> None:
    """A process that dies now has it still."""
    bench.publisher.lose()
    bench.fire()
    (record,) = bench.file.records
    assert record.topic == "sensor/motion"
    assert b"evt-1736951445-abc123" in record.payload


def test_what_waits_for_the_broker_is_not_told_as_published(bench: Bench) -> None:
    """While the broker is away an event is told as kept, once, and goes out later."""
    bench.publisher.lose()
    bench.fire()
    assert bench.messages == []
    assert bench.announcer.kinds() == ["EventDetected", "EventKept"]
    (kept,) = bench.announcer.of(EventKept)
    assert (kept.topic, kept.min_interval_s) == ("sensor/motion", 2.0)
    bench.publisher.connect()
    bench.service.step(0.0)
    assert len(bench.messages) == 1


def test_event_that_the_quota_refuses_is_not_told_as_published(bench: Bench) -> None:
    """It was detected, and it is lost: both are said."""
    bench.service.journal.quota = JournalQuota(max_bytes=64 * 1024)
    filler = JournalRecord(record_id=1, topic="sensor/motion", payload=b"x" * 64 * 1024)
    bench.file.append([filler])
    bench.fire()
    assert bench.announcer.kinds() == ["EventDetected", "JournalFull"]


def test_backlog_is_looked_after_more_often(bench: Bench) -> None:
    """While records wait for room in the window, the service does not wait for an edge long."""
    bench.publisher.holds_pubacks = True
    bench.service.outflow.publication = Publication(policy=PublicationPolicy(window=1))
    bench.fire(PIR)
    bench.fire(SECOND_PIR)
    bench.sensors.waits_s.clear()
    bench.service.step(0.5)
    assert bench.sensors.waits_s == [BACKLOG_STEP_S]


def test_ready_sensors_are_told() -> None:
    """Each line that is watched from now on is named."""
    bench = Bench((PIR, BUTTON))
    assert [notice.sensor_name for notice in bench.first_notices] == [PIR.name, BUTTON.name]
    assert all(isinstance(notice, SensorReady) for notice in bench.first_notices)


def test_sensor_that_cannot_be_had_is_tried_again_with_growing_pauses() -> None:
    """Its reason is told each time; once it can be had, it is watched."""
    bench = Bench(unavailable="GPIO busy")
    for _ in range(15):
        bench.service.step(0.5)
    failed = bench.first_notices + bench.announcer.of(SensorFailed)
    assert [notice.retry_in_s for notice in failed] == [1.0, 2.0, 4.0, 8.0]
    assert {notice.reason for notice in failed} == {"GPIO busy"}
    bench.sensors.unavailable = None
    for _ in range(20):
        bench.service.step(0.5)
    bench.fire()
    assert len(bench.messages) == 1


def test_journal_of_a_kind_without_sensors_goes_out() -> None:
    """A sensor that was taken out of the configuration has left events behind."""
    bench = Bench(watched=())
    bench.file.append([JournalRecord(record_id=1, topic="sensor/button", payload=b"{}")])
    bench.service.step(0.5)
    assert bench.publisher.published == [("sensor/button", b"{}")]
    assert bench.first_notices == []


def test_journal_goes_out_though_the_sensor_cannot_be_had() -> None:
    """What an earlier life had accepted does not wait for a pin."""
    bench = Bench(unavailable="GPIO busy")
    record = JournalRecord(record_id=1, topic="sensor/motion", payload=b"{}")
    bench.file.append([record])
    bench.service.step(0.5)
    assert bench.publisher.published == [("sensor/motion", b"{}")]


def test_lines_that_go_are_told_and_claimed_anew(bench: Bench) -> None:
    """A chip disappears and returns: told with its reason, tried again, and edges count again."""
    bench.sensors.unavailable = "sensor 'PIR Entrée' on pin 17 cannot be read: no such device"
    bench.service.step(0.0)
    assert not bench.sensors.is_open
    [failed] = bench.announcer.of(SensorFailed)
    assert failed.reason == bench.sensors.unavailable
    bench.sensors.unavailable = None
    bench.service.step(0.0)
    assert not bench.sensors.is_open, "it does not try again at once"
    bench.clock.advance(failed.retry_in_s)
    bench.service.step(0.0)
    assert len(bench.announcer.of(SensorReady)) == len(WATCHED)
    bench.fire()
    assert len(bench.messages) == 1
