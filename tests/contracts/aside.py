"""What every `Aside` does: the fake and the thread alike."""

from collections.abc import Callable

import pytest

from surveil_core.ports.aside import Aside


class AsideContract:
    """Subclasses give `aside`."""

    @pytest.fixture
    def aside(self) -> Aside:
        raise NotImplementedError

    def test_what_was_begun_is_done(self, aside: Aside) -> None:
        """At the latest when it is finished; then the next may begin."""
        done: list[int] = []
        assert aside.do(lambda: done.append(1))
        aside.finish()
        assert aside.do(lambda: done.append(2))
        aside.finish()
        assert done == [1, 2]

    @pytest.mark.parametrize("how", ["do", "finish"])
    def test_what_it_raises_is_raised_once_to_who_asked(self, aside: Aside, how: str) -> None:
        """With the next work, which is not begun then, or at the end."""
        aside.do(_fail)
        calls: dict[str, Callable[[], object]] = {
            "do": lambda: _until_begun(aside),
            "finish": aside.finish,
        }
        with pytest.raises(ZeroDivisionError):
            calls[how]()
        aside.finish()

    def test_finishing_without_work_does_nothing(self, aside: Aside) -> None:
        """Twice neither."""
        aside.finish()
        aside.finish()


def _fail() -> None:
    raise ZeroDivisionError


def _until_begun(aside: Aside) -> None:
    while not aside.do(lambda: None):
        pass
