"""Counters of files of which some cannot be read."""

from attrs import define, field

from surveil_core.errors import ConfigurationError, StoreDamaged, StoreUnavailable, SurveilError
from surveil_core.notices import FileReadable, FileUnreadable
from surveil_core.services.counting import FileCounting
from tests.fakes.announcer import RecordingAnnouncer

LOCKED = StoreUnavailable("outbox.db: database is locked")
DAMAGED = StoreDamaged("outbox.db: database disk image is malformed")
TOO_NEW = ConfigurationError("journal.db has schema version 99")


@define
class Bench:
    """Files whose counters are a number or an error."""

    announcer: RecordingAnnouncer = field(factory=RecordingAnnouncer)
    counting: FileCounting = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.counting = FileCounting(announcer=self.announcer)

    def count(self, path: str, found: int | SurveilError) -> int | None:
        """Count a file in which that is found."""

        def read() -> int:
            if isinstance(found, SurveilError):
                raise found
            return found

        return self.counting.count(path, read)


def test_what_can_be_read_is_counted_and_nothing_is_said() -> None:
    """A count of nothing is a count, and no reason to say that it cannot be had."""
    bench = Bench()
    assert [bench.count("outbox.db", 7), bench.count("outbox.db", 0)] == [7, 0]
    assert bench.announcer.notices == []
    assert bench.counting.unreadable == {}


def test_a_file_that_cannot_be_read_is_told_once_and_keeps_nobody() -> None:
    """However often it is asked for, and whoever must act; the other file is counted."""
    bench = Bench()
    for _ in range(3):
        assert bench.count("outbox.db", LOCKED) is None
        assert bench.count("journal.db", TOO_NEW) is None
        assert bench.count("other.db", 7) == 7
    assert bench.announcer.notices == [
        FileUnreadable(service="metrics", path="outbox.db", reason=str(LOCKED)),
        FileUnreadable(service="metrics", path="journal.db", reason=str(TOO_NEW)),
    ]
    assert bench.counting.unreadable == {"outbox.db": str(LOCKED), "journal.db": str(TOO_NEW)}


def test_each_change_is_told() -> None:
    """Another reason, the file's return, and when it goes again."""
    bench = Bench()
    for found in (LOCKED, DAMAGED, DAMAGED, 7, 8, DAMAGED):
        bench.count("outbox.db", found)
    assert [
        notice.reason if isinstance(notice, FileUnreadable) else type(notice)
        for notice in bench.announcer.notices
    ] == [str(LOCKED), str(DAMAGED), FileReadable, str(DAMAGED)]


def test_a_file_that_is_gone_is_forgotten() -> None:
    """Should it come back as it was, that is told again."""
    bench = Bench()
    bench.count("outbox.db", LOCKED)
    bench.count("journal.db", TOO_NEW)
    bench.counting.forget_but(["journal.db", "other.db"])
    assert bench.counting.unreadable == {"journal.db": str(TOO_NEW)}
    bench.count("outbox.db", LOCKED)
    assert len(bench.announcer.of(FileUnreadable)) == 3
