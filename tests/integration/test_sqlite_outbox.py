"""`outbox.db` on a real disk: the contracts, the quota of the disk, and bad days."""

import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from attrs import evolve

from surveil_adapters.sqlite.dead_letters import SqliteDeadLetters
from surveil_adapters.sqlite.outbox import SqliteOutbox, outbox_letters
from surveil_core.errors import StoreUnavailable
from surveil_core.ports.dead_letters import DeadLetter
from surveil_core.ports.outbox import Arrival, ArrivedEvent, OutboxChanges, WhenFull
from tests.contracts.dead_letters import DeadLettersContract, MakeLetters
from tests.contracts.outbox import (
    ARRIVAL_BYTES,
    BAD,
    MakeOutbox,
    OutboxContract,
    arrived,
    check_sum,
    commit,
    entries,
    ids_of,
    waiting,
)
from tests.examples import RECEIVED_AT_UTC
from tests.fakes.outbox import FakeOutbox
from tests.integration.sqlite_files import mounted_disk, python, query, seeded_random

MIB = 1024 * 1024
KILLS = 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name an outbox that does not exist yet."""
    return tmp_path / "data" / "outbox.db"


@pytest.fixture
def open_outbox(path: Path) -> Iterator[Callable[..., SqliteOutbox]]:
    """Open the outbox, with room unless told; all are closed at the end."""
    with ExitStack() as stack:

        def open_outbox(
            max_bytes: int = 64 * MIB, when_full: WhenFull = WhenFull.HOLD, **options: int
        ) -> SqliteOutbox:
            outbox = SqliteOutbox(path, max_bytes=max_bytes, when_full=when_full, **options)
            return stack.enter_context(closing(outbox))

        yield open_outbox


class TestSqliteOutbox(OutboxContract):
    @pytest.fixture
    def make_outbox(self, path: Path, open_outbox: Callable[..., SqliteOutbox]) -> MakeOutbox:
        return lambda **options: (open_outbox(**options), outbox_letters(path))


class TestOutboxLetters(DeadLettersContract):
    @pytest.fixture
    def make_letters(self, path: Path, open_outbox: Callable[..., SqliteOutbox]) -> MakeLetters:
        def make(letters: Sequence[DeadLetter]) -> SqliteDeadLetters:
            commit(open_outbox(), dead=letters)
            return outbox_letters(path)

        return make


def check_file(path: Path) -> None:
    """Check that the totals are those of the rows, and the file is sound."""
    (totals,) = query(path, "SELECT waiting, waiting_bytes FROM total")
    (rows,) = query(
        path,
        "SELECT count(*), coalesce(sum(length(CAST(topic AS BLOB)) + length(payload)), 0)"
        " FROM entry",
    )
    assert totals == rows
    (letter_totals,) = query(path, "SELECT letters, letter_bytes FROM dead_letter_total")
    (letter_rows,) = query(path, "SELECT count(*), coalesce(sum(size_bytes), 0) FROM dead_letter")
    assert letter_totals == letter_rows
    unknown = "SELECT count(*) FROM entry WHERE entry_id NOT IN (SELECT entry_id FROM known_event)"
    assert query(path, unknown) == [(0,)]
    assert query(path, "PRAGMA integrity_check") == [("ok",)]


# --- what stays, and what does not ------------------------------------------------


def test_reopened_outbox_goes_on(open_outbox: Callable[..., SqliteOutbox]) -> None:
    """What waits, the counts and the known events outlive the process."""
    with closing(open_outbox()) as outbox:
        commit(outbox, arrived(1), arrived(2), dead=[BAD])
        commit(outbox, delivered=ids_of(outbox)[:1])
    outbox = open_outbox()
    assert waiting(outbox) == [arrived(2).event.event_id]
    assert check_sum(outbox) == (3, 1, 1, 1, 0)
    assert list(commit(outbox, arrived(1), arrived(2)).arrivals) == [Arrival.REPEATED] * 2


def test_known_events_are_bounded_and_waiting_ones_stay_known(
    path: Path, open_outbox: Callable[..., SqliteOutbox]
) -> None:
    """The newest are recognised, the oldest forgotten, but never one that waits."""
    outbox = open_outbox(known_events=500)
    commit(outbox, arrived(0, "slow"))
    for start in range(0, 3000, 250):
        commit(outbox, *(arrived(n) for n in range(start, start + 250)))
        commit(outbox, delivered=ids_of(outbox))
    assert list(commit(outbox, arrived(2999), arrived(2600)).arrivals) == [Arrival.REPEATED] * 2
    assert list(commit(outbox, arrived(0, "slow")).arrivals) == [Arrival.REPEATED]
    assert list(commit(outbox, arrived(0)).arrivals) == [Arrival.NEW]
    ((known,),) = query(path, "SELECT count(*) FROM known_event")
    assert 500 <= known <= 500 + 1000
    commit(outbox, delivered=ids_of(outbox, "slow"))
    assert list(commit(outbox, arrived(0, "slow")).arrivals) == [Arrival.NEW]
    check_file(path)


def test_drained_backlog_gives_its_space_back(
    path: Path, open_outbox: Callable[..., SqliteOutbox]
) -> None:
    """After a week's outage and its end, the file is small again, and so is its WAL."""
    outbox = open_outbox()
    backlog = [evolve(arrived(n), payload=bytes(3000)) for n in range(10_000)]
    for start in range(0, len(backlog), 500):
        commit(outbox, *backlog[start : start + 500])
    for first_id in range(1, len(backlog) + 1, 500):
        commit(outbox, delivered=range(first_id, first_id + 500))
    for number in range(50):
        commit(outbox, arrived(20_000 + number))
    outbox.close()
    assert path.stat().st_size < 4 * MIB
    assert not path.with_name("outbox.db-wal").exists()
    check_file(path)


@pytest.mark.parametrize("when_full", list(WhenFull))
def test_any_history_is_that_of_the_fake(
    path: Path, open_outbox: Callable[..., SqliteOutbox], when_full: WhenFull
) -> None:
    """Whatever comes in whatever order, the file and the lists of the fake agree."""
    chance = seeded_random()
    max_bytes = 8 * ARRIVAL_BYTES
    fake = FakeOutbox(max_bytes=max_bytes, when_full=when_full)
    real = open_outbox(max_bytes, when_full)
    fake_letters, real_letters = fake.dead_letters(), outbox_letters(path)
    for _ in range(300):
        changes = _any_changes(chance)
        assert real.commit(changes) == fake.commit(changes)
        number, event = chance.randrange(1, 60), arrived(chance.randrange(40), "d1").event
        if chance.random() < 0.3:
            assert real_letters.revive(number, event) == fake_letters.revive(number, event)
        elif chance.random() < 0.3:
            assert real_letters.discard(number) == fake_letters.discard(number)
        assert real.counters() == fake.counters()
        assert list(real.waiting_devices()) == list(fake.waiting_devices())
        for device_id in ("d0", "d1", "d2"):
            assert list(entries(real, device_id)) == list(entries(fake, device_id))
        assert list(real_letters.list_letters()) == list(fake_letters.list_letters())
        check_sum(real)
    check_file(path)


def _any_changes(chance: random.Random) -> OutboxChanges:
    def some(count: int) -> range:
        return range(chance.randrange(count))

    return OutboxChanges(
        arrived=[arrived(chance.randrange(300), f"d{chance.randrange(3)}") for _ in some(5)],
        dead=[evolve(BAD, payload=bytes(chance.randrange(300))) for _ in some(2)],
        delivered=[chance.randrange(400) for _ in some(60)],
        refused=[(chance.randrange(400), "HTTP 400") for _ in some(20)],
        at_utc=RECEIVED_AT_UTC,
    )


def test_smaller_quota_of_a_new_configuration(open_outbox: Callable[..., SqliteOutbox]) -> None:
    """Lowered below what waits, the quota drops or holds from the next commit on."""
    with closing(open_outbox()) as outbox:
        commit(outbox, *(arrived(n) for n in range(10)))
    with closing(open_outbox(max_bytes=1000)) as holding:
        assert list(commit(holding, arrived(10)).arrivals) == [Arrival.HELD]
        assert check_sum(holding) == (10, 0, 10, 0, 0)
    dropping = open_outbox(max_bytes=1000, when_full=WhenFull.DROP_OLDEST)
    assert commit(dropping, arrived(10)).dropped_waiting > 0
    assert dropping.counters().waiting_bytes <= 1000
    assert waiting(dropping)[-1] == arrived(10).event.event_id
    check_sum(dropping)


# --- several at once --------------------------------------------------------------


def test_service_and_command_at_once(path: Path, open_outbox: Callable[..., SqliteOutbox]) -> None:
    """While a service refuses and delivers, a command revives and discards; all adds up."""
    outbox = open_outbox()
    commit(outbox, dead=[BAD] * 60)
    command = python(COMMAND, str(path), stdout=subprocess.PIPE)
    was_changed, number = False, 100
    while command.poll() is None:
        commit(outbox, *(arrived(number + n) for n in range(5)))
        commit(outbox, delivered=ids_of(outbox)[:5])
        was_changed |= outbox.changed_elsewhere()
        number += 5
    assert command.returncode == 0
    assert was_changed
    assert command.stdout is not None
    with command.stdout:
        assert command.stdout.read().split() == [b"20", b"40"]
    received, delivered, _, dead, refused = check_sum(outbox)
    assert (received, dead, refused) == (60 + number - 100, 0, 40)
    _drain(outbox)
    assert check_sum(outbox) == (received, received - 40, 0, 0, 40)
    assert delivered > 0
    check_file(path)


COMMAND = (
    "import sys; from pathlib import Path\n"
    "from surveil_adapters.sqlite.outbox import outbox_letters\n"
    "from tests.contracts.outbox import arrived\n"
    "letters = outbox_letters(Path(sys.argv[1]))\n"
    "numbers = [stored.letter_id for stored in letters.list_letters()]\n"
    "revived = sum(letters.revive(n, arrived(n, 'b').event) for n in numbers[::3])\n"
    "print(revived, sum(letters.discard(n) for n in numbers))\n"
)


def test_letters_of_an_outbox_that_is_not_there(path: Path) -> None:
    """Listing makes no file; it says which service makes it."""
    with pytest.raises(StoreUnavailable, match="has run"):
        outbox_letters(path).list_letters()
    assert not path.exists()


# --- bad days ---------------------------------------------------------------------


def test_killed_bridge_leaves_a_sum_that_holds(
    path: Path, open_outbox: Callable[..., SqliteOutbox]
) -> None:
    """Killed at random instants, the file has every reported group whole, and adds up."""
    chance = seeded_random()
    for when_full in [*WhenFull] * (KILLS // 2):
        arguments = [str(path), when_full.value, str(chance.randrange(2**32))]
        writer = python(COMMITTING, *arguments, stdout=subprocess.PIPE)
        assert writer.stdout is not None
        with writer.stdout:
            lines = [writer.stdout.readline() for _ in range(chance.randrange(1, 60))]
            writer.send_signal(signal.SIGKILL)
            lines += writer.stdout.read().split(b"\n")[:-1]
        assert writer.wait(timeout=30) == -signal.SIGKILL
        with closing(open_outbox()) as outbox:
            assert check_sum(outbox)[0] >= int(lines[-1])
        check_file(path)


COMMITTING = (
    "import random, sys; from pathlib import Path\n"
    "from surveil_adapters.sqlite.outbox import SqliteOutbox\n"
    "from surveil_core.ports.outbox import WhenFull\n"
    "from tests.contracts.outbox import BAD, arrived, commit, ids_of\n"
    "chance = random.Random(int(sys.argv[3]))\n"
    "outbox = SqliteOutbox(Path(sys.argv[1]), max_bytes=20_000,\n"
    "                      when_full=WhenFull(sys.argv[2]), known_events=500)\n"
    "while True:\n"
    "    ids = ids_of(outbox, f'd{chance.randrange(3)}')[:chance.randrange(40)]\n"
    "    events = (arrived(chance.randrange(10**6), f'd{n % 3}') for n in range(30))\n"
    "    commit(outbox, *events, dead=[BAD] * chance.randrange(3), delivered=ids[3:],\n"
    "           refused=[(entry_id, 'HTTP 400') for entry_id in ids[:3]])\n"
    "    print(outbox.counters().received, flush=True)\n"
)


def test_full_disk_is_unavailable_then_recovers(tmp_path: Path) -> None:
    """On a full disk a group is refused as a whole; with room again the outbox goes on."""
    with mounted_disk(tmp_path / "small") as folder:
        (folder / "ballast").write_bytes(bytes(2 * MIB))
        path = folder / "outbox.db"
        with closing(SqliteOutbox(path, max_bytes=64 * MIB, when_full=WhenFull.HOLD)) as outbox:
            with pytest.raises(StoreUnavailable, match=r"outbox\.db: .*free some space"):
                _fill(outbox)
            taken = outbox.counters().received
            assert check_sum(outbox) == (taken, 0, taken, 0, 0)
            (last,) = query(path, "SELECT event_id FROM entry ORDER BY entry_id DESC LIMIT 1")
            assert last == (arrived(taken - 1).event.event_id,)
            (folder / "ballast").unlink()
            verdicts = commit(outbox, *_group(taken)).arrivals
            assert list(verdicts) == [Arrival.NEW] * 50
            _drain(outbox)
            assert check_sum(outbox) == (taken + 50, taken + 50, 0, 0, 0)
        check_file(path)


def test_backlog_drains_on_a_full_disk(tmp_path: Path) -> None:
    """Where there is no space to shorten the file with, deliveries still count.

    A WAL without room to grow refuses now and then, but not twice in a row. Once there is
    space again, the file gets smaller.
    """
    with mounted_disk(tmp_path / "small", size="24m") as folder:
        path = folder / "outbox.db"
        with closing(SqliteOutbox(path, max_bytes=64 * MIB, when_full=WhenFull.HOLD)) as outbox:
            commit(outbox, *(evolve(arrived(n), payload=bytes(1000)) for n in range(8000)))
        with closing(SqliteOutbox(path, max_bytes=64 * MIB, when_full=WhenFull.HOLD)) as outbox:
            _take_space(folder, left_bytes=300 * 1024)
            ids = [entry.entry_id for entry in entries(outbox, limit=8000)]
            for first in range(0, len(ids), 50):
                try:
                    commit(outbox, delivered=ids[first : first + 50])
                except StoreUnavailable:
                    commit(outbox, delivered=ids[first : first + 50])
            assert outbox.counters().waiting == 0
            drained_bytes = path.stat().st_size
            (folder / "ballast").unlink()
            for number in range(8000, 8010):
                commit(outbox, arrived(number))
        assert path.stat().st_size < drained_bytes
        check_file(path)


def _take_space(folder: Path, *, left_bytes: int) -> None:
    disk = os.statvfs(folder)
    (folder / "ballast").write_bytes(bytes(disk.f_bavail * disk.f_frsize - left_bytes))


def _group(first: int) -> list[ArrivedEvent]:
    return [arrived(number) for number in range(first, first + 50)]


def _fill(outbox: SqliteOutbox) -> None:
    for first in range(0, 50_000, 50):
        commit(outbox, *_group(first))


def _drain(outbox: SqliteOutbox) -> None:
    for device_id in outbox.waiting_devices():
        while ids := ids_of(outbox, device_id):
            commit(outbox, delivered=ids)


def test_locked_outbox_is_unavailable_then_tells_of_the_change(
    path: Path, open_outbox: Callable[..., SqliteOutbox]
) -> None:
    """A file that another program holds is refused in words; afterwards it is read anew."""
    outbox = open_outbox()
    commit(outbox, arrived(1))
    holder = python(HOLDING, str(path), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdin is not None
    with holder.stdin, holder.stdout:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreUnavailable, match=r"outbox\.db: .*locked.*another program"):
            commit(outbox, arrived(2))
    assert holder.wait(timeout=30) == 0
    assert outbox.changed_elsewhere()
    assert list(commit(outbox, arrived(2)).arrivals) == [Arrival.NEW]


HOLDING = (
    "import sqlite3, sys\n"
    "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    "connection.execute('BEGIN IMMEDIATE')\n"
    "print('held', flush=True); sys.stdin.read(); connection.close()\n"
)
