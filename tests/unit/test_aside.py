"""Work beside a loop: the fake, and a thread."""

import threading

import pytest

from surveil_adapters.aside import ThreadAside
from tests.contracts.aside import AsideContract
from tests.fakes.aside import FakeAside
from tests.rig.threads import no_threads


class TestFakeAside(AsideContract):
    @pytest.fixture
    def aside(self) -> FakeAside:
        return FakeAside()


class TestThreadAside(AsideContract):
    @pytest.fixture
    def aside(self) -> ThreadAside:
        return ThreadAside("work")

    def test_the_caller_goes_on_and_begins_nothing_else(self, aside: ThreadAside) -> None:
        """One piece at a time, on a thread of that name."""
        may_end = threading.Event()
        names: list[str] = []

        def work() -> None:
            names.append(threading.current_thread().name)
            may_end.wait(10)

        assert aside.do(work)
        assert not aside.do(lambda: None)
        may_end.set()
        aside.finish()
        assert names == ["work"]

    def test_a_system_without_threads_is_asked_again(self, aside: ThreadAside) -> None:
        """It lacks memory for a while, and that must not end storing for good."""
        with no_threads(), pytest.raises(RuntimeError, match="thread"):
            aside.do(lambda: None)
        done: list[int] = []
        assert aside.do(lambda: done.append(1))
        aside.finish()
        assert done == [1]


def test_the_fake_can_take_long() -> None:
    """It refuses further work meanwhile."""
    aside, done = FakeAside(takes_long=True), []
    assert aside.do(lambda: done.append(1))
    assert not aside.do(lambda: done.append(2))
    assert done == []
    aside.finish()
    assert done == [1]
