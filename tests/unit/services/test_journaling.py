"""The sensor's journal: what is taken, saved, handed out and given up."""

import pytest

from surveil_core.notices import JournalFull, StoreFailed
from surveil_core.ports.journal import JournalRecord
from surveil_core.services.journaling import (
    MAX_UNSAVED_RECORDS,
    EventJournal,
    JournalQuota,
    WhenJournalFull,
)
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.clock import FakeClock
from tests.fakes.journal import FakeJournal

TOPIC = "sensor/motion"
QUOTA_BYTES = 64 * 1024
PAYLOAD = b"x" * 10_000
"""Six fit into the quota."""


class Bench:
    """An event journal on a fake file."""

    def __init__(self, when_full: WhenJournalFull = WhenJournalFull.REFUSE_NEW) -> None:
        self.clock = FakeClock()
        self.file = FakeJournal()
        self.announcer = RecordingAnnouncer()
        self.journal = EventJournal(
            service="sensor-motion",
            journal=self.file,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
            quota=JournalQuota(max_bytes=QUOTA_BYTES, when_full=when_full),
        )

    def accept(self, *payloads: bytes) -> list[bool]:
        """Offer messages."""
        return [self.journal.accept(TOPIC, payload) for payload in payloads]

    def handed_out(self) -> list[bytes]:
        """Read everything."""
        return [r.payload for r in self.journal.read_after(-(2**63), limit=5000)]


@pytest.fixture
def bench() -> Bench:
    """Give an empty journal."""
    return Bench()


def test_accepted_message_is_in_the_file(bench: Bench) -> None:
    """It is there when `accept` returns, numbered from 1."""
    assert bench.accept(b"a", b"b") == [True, True]
    assert [(r.record_id, r.payload) for r in bench.file.records] == [(1, b"a"), (2, b"b")]
    assert bench.journal.last_id == 2


def test_numbering_goes_on_behind_an_earlier_life() -> None:
    """A restarted service does not reuse an id."""
    bench = Bench()
    bench.file.append([JournalRecord(record_id=41, topic=TOPIC, payload=b"old")])
    bench.accept(b"new")
    assert [r.record_id for r in bench.file.records] == [41, 42]


def test_what_the_disk_refuses_stays_in_memory_and_in_order(bench: Bench) -> None:
    """It is handed out behind the saved ones, and saved when the disk takes it."""
    bench.accept(b"a")
    bench.file.failures = 3
    assert bench.accept(b"b", b"c") == [True, True]
    assert [r.payload for r in bench.file.records] == [b"a"]
    bench.file.failures = 0
    assert bench.handed_out() == [b"a", b"b", b"c"]
    bench.clock.advance(5.0)
    bench.journal.save()
    assert [r.payload for r in bench.file.records] == [b"a", b"b", b"c"]
    assert bench.announcer.of(StoreFailed)


def test_refusing_disk_is_left_alone_for_a_while(bench: Bench) -> None:
    """Each failure makes the pause longer."""
    bench.file.failures = 100
    bench.accept(b"a")
    before = bench.file.failures
    bench.journal.save()
    assert bench.file.failures == before
    bench.clock.advance(2.0)
    bench.journal.save()
    assert bench.file.failures < before


def test_events_do_not_lengthen_the_pause(bench: Bench) -> None:
    """A burst on a full disk is one failure, said once; once freed, the disk has it soon."""
    bench.file.failures = 10**9
    bench.accept(*[b"x"] * 100)
    assert len(bench.announcer.of(StoreFailed)) == 1
    bench.file.failures = 0
    bench.clock.advance(0.5)
    bench.journal.save()
    assert len(bench.file.records) == 100


def test_file_that_cannot_be_read_at_first_gets_its_records_later(bench: Bench) -> None:
    """They get their numbers behind those of the file, once these are known."""
    bench.file.append([JournalRecord(record_id=7, topic=TOPIC, payload=b"old")])
    bench.file.failures = 2
    bench.accept(b"a")
    bench.accept(b"b")
    unsaved = bench.journal.unsaved_after(-(2**63), limit=10)
    assert [r.payload for r in unsaved] == [b"a", b"b"]
    assert all(r.record_id < 0 for r in unsaved)
    bench.file.failures = 0
    bench.clock.advance(60.0)
    bench.journal.save()
    assert [(r.record_id, r.payload) for r in bench.file.records] == [
        (7, b"old"),
        (8, b"a"),
        (9, b"b"),
    ]


def test_full_journal_refuses_the_new_event_loudly(bench: Bench) -> None:
    """By default what is kept is worth more than what comes; each one is counted."""
    assert bench.accept(*[PAYLOAD] * 8) == [True] * 6 + [False] * 2
    notices = bench.announcer.of(JournalFull)
    assert [(n.given_up_events, n.kept_new) for n in notices] == [(1, False), (2, False)]


def test_full_journal_may_give_up_the_oldest() -> None:
    """With `drop_oldest` the new event is kept."""
    bench = Bench(WhenJournalFull.DROP_OLDEST)
    bench.accept(b"oldest", *[PAYLOAD] * 6)
    assert bench.accept(b"newest" * 1000) == [True]
    assert bench.handed_out()[-1] == b"newest" * 1000
    (notice,) = bench.announcer.of(JournalFull)
    assert notice.kept_new


def test_message_larger_than_the_quota_is_refused() -> None:
    """Nothing is given up for what can never fit."""
    bench = Bench(WhenJournalFull.DROP_OLDEST)
    bench.accept(b"a")
    assert bench.accept(b"x" * (QUOTA_BYTES + 1)) == [False]
    assert bench.handed_out() == [b"a"]


def test_memory_is_bounded(bench: Bench) -> None:
    """A disk that refuses for a week costs a thousand events of memory at most."""
    bench.file.failures = 10**9
    outcomes = bench.accept(*[b"x"] * (MAX_UNSAVED_RECORDS + 2))
    assert outcomes.count(False) == 2


def test_forgotten_records_are_gone(bench: Bench) -> None:
    """Saved or not."""
    bench.accept(b"a", b"b")
    bench.file.failures = 2
    bench.accept(b"c")
    bench.file.failures = 0
    bench.journal.forget([1, 3])
    assert bench.handed_out() == [b"b"]
