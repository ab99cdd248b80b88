"""The fake backend keeps the contract of the port."""

import pytest
from attrs import define, field

from surveil_core.delivery import BackendReply
from surveil_core.ports.backend import RunResult
from tests.contracts.backend import BackendContract, BackendRig, run_of
from tests.fakes.backend import FakeBackend
from tests.fakes.wakeup import FakeWakeup


@define
class FakeRig:
    """The fake stands behind itself."""

    bell: FakeWakeup = field(factory=FakeWakeup)
    backend: FakeBackend = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.backend = FakeBackend(max_runs=4, wakeup=self.bell)

    def script(self, *answers: BackendReply | str) -> None:
        self.backend.answers.extend(answers)

    def offer_bulk(self, limit: int) -> None:
        self.backend.bulk_limit = limit

    def received(self) -> list[str]:
        return [posting.event_id for posting in self.backend.sent]


class TestFakeBackend(BackendContract):
    @pytest.fixture
    def rig(self) -> BackendRig:
        return FakeRig()


def test_held_runs_end_when_the_test_says() -> None:
    """Runs end in the order a test ends them, as scripted or as it likes."""
    backend = FakeBackend(holds=True)
    first, second = run_of("a", device_id="r1"), run_of("b", device_id="r2")
    backend.submit(first)
    backend.submit(second)
    assert list(backend.take_results()) == []

    backend.finish(second, RunResult(run=second, failure="no route to host"))
    backend.finish()

    assert [result.failure for result in backend.take_results()] == ["no route to host", None]
    assert backend.out == []


def test_a_key_that_no_header_takes_is_refused() -> None:
    """The fake refuses what the real one could not send."""
    with pytest.raises(ValueError, match="visible ASCII"):
        FakeBackend().submit(run_of("é"))
