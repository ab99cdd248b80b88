"""How many couriers work at once, and who is hired."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from surveil_adapters.http.run_queue import ANSWERS, RunQueue, Seat
from surveil_core.ports.backend import Run

NEVER_S = 60.0
AT_ONCE_S = 0.001
QUICK_S, SLOW_S = 0.001, 0.05


def run(device_id: str) -> Run:
    """Make a run, which nobody will carry."""
    return Run(device_id=device_id, postings=(), timeout_s=1.0, as_bulk=False)


class Office:
    """A queue with runs, and couriers that are hired as the backend does."""

    def __init__(self, device_ids: str, *, couriers: int = 4, stall_s: float = NEVER_S) -> None:
        self.queue = RunQueue(max_couriers=couriers, stall_s=stall_s)
        for device_id in device_ids:
            self.queue.put(run(device_id))

    def hire(self) -> Seat:
        """Hire a courier, who must be wanted."""
        assert self.queue.may_hire()
        return self.queue.seat()

    def begin(self, seat: Seat) -> str:
        """Take a run that must be there for the taking."""
        found = self.queue.take(seat)
        assert found is not None
        return found.device_id

    def answer(self, seat: Seat, *answers_s: float) -> None:
        """Let answers come."""
        for took_s in answers_s:
            self.queue.note_answer(seat, took_s)

    @contextmanager
    def waiting(self, seat: Seat) -> Iterator["Future[Run | None]"]:
        """Have a courier wait for a run on a thread of its own; the queue is closed at last."""
        with ThreadPoolExecutor() as threads:
            yield threads.submit(self.queue.take, seat)
            self.queue.close()


def test_a_courier_is_hired_where_runs_wait_and_none_is_idle() -> None:
    """And no more of them than may be."""
    office = Office("", couriers=2)
    assert not office.queue.may_hire()
    for device_id in "abc":
        office.queue.put(run(device_id))
    first = office.hire()
    assert office.begin(first) == "a"
    assert office.begin(office.hire()) == "b"
    assert not office.queue.may_hire()


def test_a_courier_on_its_way_is_enough() -> None:
    """Until it has come, or could not."""
    office = Office("ab")
    assert office.queue.may_hire()
    assert not office.queue.may_hire()
    office.queue.unhire()
    assert office.queue.may_hire()


def test_beside_quick_answers_one_courier_works() -> None:
    """A second one waits while the first goes on."""
    office = Office("abc")
    first = office.hire()
    assert office.begin(first) == "a"
    office.answer(first, QUICK_S)
    with office.waiting(office.hire()) as second:
        office.answer(first, QUICK_S)
        office.queue.close()
        assert second.result(NEVER_S / 2) is None


def test_slow_answers_set_all_to_work() -> None:
    """Those that wait already too."""
    office = Office("abc")
    first = office.hire()
    assert office.begin(first) == "a"
    office.answer(first, QUICK_S)
    with office.waiting(office.hire()) as second:
        office.answer(first, *[SLOW_S] * ANSWERS)
        found = second.result(NEVER_S / 2)
        assert found is not None
        assert found.device_id == "b"
        assert office.begin(office.hire()) == "c"


def test_a_slow_answer_among_quick_ones_changes_nothing() -> None:
    """It waited for this interpreter and not for the backend; half of them did not."""
    office = Office("abcdefgh")
    first = office.hire()
    assert office.begin(first) == "a"
    office.answer(first, QUICK_S, SLOW_S, QUICK_S, QUICK_S)
    with office.waiting(office.hire()) as second:
        office.queue.close()
        assert second.result(NEVER_S / 2) is None


def test_most_answers_being_slow_counts() -> None:
    """Though some come at once, as those to repeats."""
    office = Office("ab")
    first = office.hire()
    assert office.begin(first) == "a"
    office.answer(first, QUICK_S, SLOW_S, SLOW_S, SLOW_S)
    assert office.begin(office.hire()) == "b"


def test_silent_couriers_are_not_counted() -> None:
    """However many hang, the runs of others go on one behind the other at full speed."""
    office = Office("ab" + "c" * 100, couriers=8, stall_s=AT_ONCE_S)
    first = office.hire()
    assert office.begin(first) == "a"
    office.answer(first, QUICK_S)
    second = office.hire()
    assert office.begin(second) == "b"
    third = office.hire()
    for _ in range(100):
        assert office.begin(third) == "c"
        office.answer(third, QUICK_S)
