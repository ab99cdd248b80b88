"""The journal on its way to the broker: order, repeats, and an unreadable disk."""

from surveil_core.publication import Publication, PublicationPolicy
from surveil_core.services.journaling import EventJournal
from surveil_core.services.publishing import UNREADABLE_PAUSE_S, JournalPublisher
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.broker import FakePublisher
from tests.fakes.clock import FakeClock
from tests.fakes.journal import FakeJournal

TOPIC = "sensor/motion"


class Bench:
    """A journal, a publisher and the pump between them."""

    def __init__(self, window: int = 100) -> None:
        self.clock = FakeClock()
        self.file = FakeJournal()
        self.publisher = FakePublisher()
        self.announcer = RecordingAnnouncer()
        self.journal = EventJournal(
            service="sensor-motion",
            journal=self.file,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )
        self.outflow = JournalPublisher(
            service="sensor-motion",
            journal=self.journal,
            publisher=self.publisher,
            clock=self.clock,
            announcer=self.announcer,
            publication=Publication(policy=PublicationPolicy(window=window)),
        )

    def accept(self, *payloads: bytes) -> None:
        """Let events come, and go out if they may."""
        for payload in payloads:
            assert self.journal.accept(TOPIC, payload)
            self.outflow.pump()

    def wait(self, duration_s: float) -> None:
        """Let time pass, with a look now and then."""
        for _ in range(int(duration_s)):
            self.clock.advance(1.0)
            self.outflow.pump()

    def take_published(self) -> list[bytes]:
        """Hand over what went out since the last call."""
        payloads = [payload for _, payload in self.publisher.published]
        self.publisher.published.clear()
        return payloads


def test_event_goes_out_at_once() -> None:
    """While the broker is there nothing waits."""
    bench = Bench()
    bench.accept(b"a")
    assert bench.take_published() == [b"a"]
    assert bench.outflow.is_up_to_date


def test_what_came_meanwhile_goes_out_in_order_after_a_reconnect() -> None:
    """Also what the broker had acknowledged, since it may have forgotten it."""
    bench = Bench()
    bench.accept(b"a")
    bench.publisher.lose()
    bench.accept(b"b", b"c")
    assert not bench.outflow.is_up_to_date
    assert bench.take_published() == [b"a"]
    bench.publisher.connect()
    bench.outflow.pump()
    assert bench.take_published() == [b"a", b"b", b"c"]


def test_consumers_that_come_back_late_get_it_too() -> None:
    """A broker that lost its state is sent everything once more after a minute, once."""
    bench = Bench()
    bench.accept(b"a", b"b")
    bench.take_published()
    bench.wait(59)
    assert bench.take_published() == []
    bench.wait(100)
    assert bench.take_published() == [b"a", b"b"]


def test_broker_that_kept_its_state_is_sent_everything_once() -> None:
    """Its consumers' sessions are as they were."""
    bench = Bench()
    bench.publisher.remembers = True
    bench.accept(b"a", b"b")
    bench.wait(200)
    assert bench.take_published() == [b"a", b"b"]
    assert bench.file.records == []


def test_journal_is_empty_in_the_end() -> None:
    """A minute after the last PUBACK on a settled connection."""
    bench = Bench()
    bench.accept(b"a", b"b")
    bench.wait(59)
    assert len(bench.file.records) == 2
    bench.wait(75)
    assert bench.file.records == []


def test_connection_that_never_lasts_forgets_all_the_same() -> None:
    """Up for 30 s, down for 5 s, for an hour: the journal does not grow."""
    bench = Bench()
    bench.publisher.remembers = True
    for _ in range(100):
        bench.accept(b"a")
        bench.wait(30)
        bench.publisher.lose()
        bench.wait(5)
        bench.publisher.connect()
    assert len(bench.file.records) < 10


def test_window_is_kept_and_the_rest_follows_its_pubacks() -> None:
    """No more than the window is out; the order stays."""
    bench = Bench(window=2)
    bench.publisher.holds_pubacks = True
    bench.accept(b"a", b"b", b"c", b"d", b"e")
    assert bench.take_published() == [b"a", b"b"]
    assert bench.outflow.has_more
    bench.publisher.acknowledge(1)
    bench.outflow.pump()
    assert bench.take_published() == [b"c"]
    bench.publisher.acknowledge(2)
    bench.outflow.pump()
    assert bench.take_published() == [b"d", b"e"]


def test_absent_broker_is_no_backlog_to_hurry_for() -> None:
    """Without a connection the service need not look more often."""
    bench = Bench()
    bench.publisher.lose()
    bench.accept(b"a")
    assert not bench.outflow.has_more


def test_earlier_life_is_published_after_a_restart() -> None:
    """What a killed process had accepted goes out from its file."""
    first = Bench()
    first.publisher.lose()
    first.accept(b"a", b"b")
    second = Bench()
    second.file.records = first.file.records
    second.outflow.pump()
    assert second.take_published() == [b"a", b"b"]


def test_event_goes_out_though_no_disk_takes_it() -> None:
    """A dead card does not silence the alarm."""
    bench = Bench()
    bench.file.failures = 10**6
    bench.accept(b"a")
    assert bench.take_published() == [b"a"]


def test_what_could_not_be_read_goes_out_when_it_can() -> None:
    """Everything goes out again then, in order, so nothing was passed over."""
    bench = Bench()
    bench.publisher.lose()
    bench.accept(b"a")
    bench.file.failures = 10**6
    bench.publisher.connect()
    bench.accept(b"b")
    assert bench.take_published() == [b"b"]
    bench.file.failures = 0
    bench.wait(UNREADABLE_PAUSE_S + 30)
    published = bench.take_published()
    assert published[published.index(b"a") :][:2] == [b"a", b"b"]
    assert [r.payload for r in bench.file.records] == [b"a", b"b"]


def test_forgetting_that_fails_is_tried_again() -> None:
    """A record is forgotten a little later then, and published no more."""
    bench = Bench()
    bench.accept(b"a")
    bench.wait(125)
    bench.file.failures = 1
    bench.wait(40)
    assert bench.file.records == []
    assert bench.take_published().count(b"a") <= 3
