"""How many couriers work at once, and who is hired."""

from concurrent.futures import Future, ThreadPoolExecutor

from surveil_adapters.http.run_queue import ANSWERS, RunQueue
from surveil_core.ports.backend import Run

NEVER_S = 60.0
QUICK_S, SLOW_S = 0.001, 0.05


def run(device_id: str) -> Run:
    """Make a run, which nobody will carry."""
    return Run(device_id=device_id, postings=(), timeout_s=1.0, as_bulk=False)


def queue_of(*device_ids: str, couriers: int, stall_s: float = NEVER_S) -> RunQueue:
    """Make a queue with runs, and idle couriers to take them."""
    queue = RunQueue(max_couriers=4, stall_s=stall_s)
    for device_id in device_ids:
        queue.put(run(device_id))
        if couriers:
            assert queue.may_hire() == (device_id == device_ids[0])
    return queue


def taken(future: "Future[Run | None]") -> str | None:
    """Say whose run a courier has got."""
    found = future.result(NEVER_S / 2)
    return None if found is None else found.device_id


def begin(queue: RunQueue) -> str:
    """Take a run that must be there for the taking."""
    found = queue.take()
    assert found is not None
    return found.device_id


def test_a_courier_is_hired_where_runs_wait_and_none_is_idle() -> None:
    """And no more of them than may be."""
    queue = RunQueue(max_couriers=2)
    assert not queue.may_hire()
    for device_id in "abc":
        queue.put(run(device_id))
    assert queue.may_hire()
    assert not queue.may_hire()
    assert begin(queue) == "a"
    assert queue.may_hire()
    assert begin(queue) == "b"
    assert not queue.may_hire()


def test_beside_quick_answers_one_courier_works() -> None:
    """A second one waits until the first has ended, or for ever."""
    queue = queue_of("a", "b", "c", couriers=1)
    assert begin(queue) == "a"
    queue.note_answer(QUICK_S)
    assert queue.may_hire()
    with ThreadPoolExecutor() as threads:
        second = threads.submit(queue.take)
        queue.end()
        assert begin(queue) == "b"
        queue.end()
        assert begin(queue) == "c"
        queue.close()
        assert taken(second) is None


def test_slow_answers_set_all_to_work() -> None:
    """Those that wait already too."""
    queue = queue_of("a", "b", "c", couriers=1)
    assert begin(queue) == "a"
    queue.note_answer(QUICK_S)
    with ThreadPoolExecutor() as threads:
        assert queue.may_hire()
        second = threads.submit(queue.take)
        for _ in range(ANSWERS):
            queue.note_answer(SLOW_S)
        assert taken(second) == "b"
        assert queue.may_hire()
        assert begin(queue) == "c"


def test_one_slow_answer_among_quick_ones_changes_nothing() -> None:
    """It waited for this interpreter and not for the backend."""
    queue = queue_of("a", "b", couriers=1)
    assert begin(queue) == "a"
    for took_s in (QUICK_S, SLOW_S):
        queue.note_answer(took_s)
    with ThreadPoolExecutor() as threads:
        assert queue.may_hire()
        second = threads.submit(queue.take)
        queue.close()
        assert taken(second) is None


def test_a_silent_backend_does_not_hold_up_the_next_run() -> None:
    """Without an answer for a while, another courier takes over."""
    queue = queue_of("a", "b", couriers=1, stall_s=0.001)
    assert begin(queue) == "a"
    queue.note_answer(QUICK_S)
    assert queue.may_hire()
    assert begin(queue) == "b"
