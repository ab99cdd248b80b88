"""What every `Backend` does with runs: the fake and the HTTP client alike."""

from typing import Protocol

import pytest

from surveil_core.delivery import BackendReply
from surveil_core.ports.backend import Backend, Posting, Run, RunResult
from tests.fakes.backend import SILENCE
from tests.fakes.wakeup import FakeWakeup
from tests.waiting import wait_for


class BackendRig(Protocol):
    """A backend, and what stands behind it."""

    @property
    def backend(self) -> Backend:
        """What is tested."""

    @property
    def bell(self) -> FakeWakeup:
        """What it rings."""

    def script(self, *answers: BackendReply | str) -> None:
        """Let the next events get these answers; a text is none, `SILENCE` a late one."""

    def offer_bulk(self, limit: int) -> None:
        """Let it say that it takes so many events at once."""

    def received(self) -> list[str]:
        """The ids of all events that reached it, in order."""


def run_of(
    *event_ids: str,
    device_id: str = "raspberry-1",
    as_bulk: bool = False,
    timeout_s: float = 10.0,
) -> Run:
    """Make a run of these events, each with a body that names it."""
    return Run(
        device_id=device_id,
        postings=tuple(
            Posting(
                entry_id=number,
                event_id=event_id,
                idempotency_key=f"{device_id}/{event_id}",
                body=(
                    f'{{"type":"motion_detected","device_id":"{device_id}",'
                    f'"details":{{"event_id":"{event_id}"}}}}'
                ).encode(),
            )
            for number, event_id in enumerate(event_ids, start=1)
        ),
        timeout_s=timeout_s,
        as_bulk=as_bulk,
    )


def result_of(backend: Backend, run: Run) -> RunResult:
    """Send a run and wait for what becomes of it."""
    backend.submit(run)
    (result,) = wait_for("the run ends", backend.take_results)
    return result


def results_of(backend: Backend, *, runs: int) -> list[RunResult]:
    """Wait for what becomes of so many runs that are out."""
    results: list[RunResult] = []

    def all_ended() -> bool:
        results.extend(backend.take_results())
        return len(results) >= runs

    wait_for(f"{runs} runs end", all_ended)
    return results


def statuses(result: RunResult) -> list[int]:
    """Say what was answered."""
    return [reply.status for reply in result.replies]


class BackendContract:
    """Subclasses give `rig`, whose backend takes 4 runs at a time."""

    @pytest.fixture
    def rig(self) -> BackendRig:
        raise NotImplementedError

    def test_events_arrive_in_order_and_are_answered(self, rig: BackendRig) -> None:
        """Each event of a run gets its reply."""
        run = run_of("a", "b", "c")
        result = result_of(rig.backend, run)
        assert result.run == run
        assert (statuses(result), result.failure, result.timed_out) == ([201] * 3, None, False)
        assert result.bulk_limit is None
        assert rig.received() == ["a", "b", "c"]

    def test_a_refusal_does_not_end_a_run(self, rig: BackendRig) -> None:
        """What the backend will never take stands in nobody's way, and its text says why."""
        rig.script(BackendReply(status=400, text="smells"), BackendReply(status=200))
        result = result_of(rig.backend, run_of("a", "b", "c"))
        assert statuses(result) == [400, 200, 201]
        assert "smells" in result.replies[0].text

    def test_a_reply_that_asks_to_wait_ends_a_run(self, rig: BackendRig) -> None:
        """Nothing may overtake the event that has to wait; its reply is the last."""
        rig.script(BackendReply(status=201), BackendReply(status=503, retry_after_s=7))
        result = result_of(rig.backend, run_of("a", "b", "c"))
        assert (statuses(result), result.failure) == ([201, 503], None)
        assert result.replies[-1].retry_after_s == 7
        assert rig.received() == ["a", "b"]

    def test_silence_is_told_from_other_failures(self, rig: BackendRig) -> None:
        """The event may have arrived, and a longer patience may help."""
        rig.script(BackendReply(status=201), SILENCE)
        result = result_of(rig.backend, run_of("a", "b", "c", timeout_s=1))
        assert (statuses(result), result.timed_out) == ([201], True)
        assert result.failure
        assert rig.received() == ["a", "b"]

    def test_after_a_failure_the_next_run_is_sent(self, rig: BackendRig) -> None:
        """Nothing of a failed run sticks."""
        rig.script("cut")
        failed = result_of(rig.backend, run_of("a"))
        assert failed.failure
        assert (statuses(failed), failed.timed_out) == ([], False)
        assert statuses(result_of(rig.backend, run_of("a"))) == [201]

    def test_no_more_runs_than_agreed(self, rig: BackendRig) -> None:
        """A run is out until its result was taken."""
        runs = [run_of(f"{number}", device_id=f"r{number}") for number in range(5)]
        for run in runs[:4]:
            rig.backend.submit(run)
        with pytest.raises(ValueError, match="4 runs are out"):
            rig.backend.submit(runs[4])
        results = results_of(rig.backend, runs=4)
        assert sorted(result.run.device_id for result in results) == ["r0", "r1", "r2", "r3"]
        assert list(rig.backend.take_results()) == []
        assert statuses(result_of(rig.backend, runs[4])) == [201]

    def test_the_end_of_a_run_rings(self, rig: BackendRig) -> None:
        """Who waits is woken when there is a result to take."""
        assert not rig.bell.is_rung
        rig.backend.submit(run_of("a"))
        wait_for("the bell rings", lambda: rig.bell.is_rung)
        assert len(rig.backend.take_results()) == 1

    def test_bulk_is_offered_with_any_answer(self, rig: BackendRig) -> None:
        """A single event's answer says how many may come at once."""
        rig.offer_bulk(3)
        assert result_of(rig.backend, run_of("a")).bulk_limit == 3

    def test_a_bulk_has_a_reply_for_each_event(self, rig: BackendRig) -> None:
        """One request brings all, and a refused event is refused alone with its reason."""
        rig.offer_bulk(3)
        rig.script(BackendReply(status=201), BackendReply(status=400, text="smells"))
        result = result_of(rig.backend, run_of("a", "b", "c", as_bulk=True))
        assert (statuses(result), result.failure, result.bulk_limit) == ([201, 400, 201], None, 3)
        assert result.replies[1].text == "smells"
        assert rig.received() == ["a", "b", "c"]

    def test_replies_in_bulk_end_with_one_that_asks_to_wait(self, rig: BackendRig) -> None:
        """The order is kept in bulk too."""
        rig.offer_bulk(3)
        rig.script(BackendReply(status=201), BackendReply(status=503))
        result = result_of(rig.backend, run_of("a", "b", "c", as_bulk=True))
        assert (statuses(result), result.failure) == ([201, 503], None)

    @pytest.mark.parametrize("limit", [None, 2])
    def test_a_bulk_that_is_not_taken_is_the_last(self, rig: BackendRig, limit: int | None) -> None:
        """A backend without bulk, or with less of it, is sent single events from now on."""
        if limit is not None:
            rig.offer_bulk(limit)
        result = result_of(rig.backend, run_of("a", "b", "c", as_bulk=True))
        assert (statuses(result), result.bulk_limit, result.timed_out) == ([], 0, False)
        assert result.failure
        assert rig.received() == []

    @pytest.mark.parametrize("answer", ["cut", SILENCE])
    def test_a_bulk_without_answer_says_nothing_about_bulk(
        self, rig: BackendRig, answer: str
    ) -> None:
        """The whole is sent again, and the backend knows what it had taken."""
        rig.offer_bulk(3)
        rig.script(answer)
        result = result_of(rig.backend, run_of("a", "b", as_bulk=True, timeout_s=1))
        assert (statuses(result), result.bulk_limit) == ([], None)
        assert result.failure
        assert result.timed_out == (answer == SILENCE)

    def test_closed_backend_takes_nothing_more(self, rig: BackendRig) -> None:
        """After closing, which may be done twice, there are neither runs nor results."""
        rig.backend.submit(run_of("a"))
        rig.backend.close()
        rig.backend.close()
        assert list(rig.backend.take_results()) == []
        with pytest.raises(ValueError, match="closed"):
            rig.backend.submit(run_of("b"))
