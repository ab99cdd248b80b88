"""What every `Look` at a keyframe must do. Subclass it and give `start`."""

import time
from collections.abc import Callable

import pytest

from surveil_adapters.camera.damage import Look
from tests.footage import damaged_keyframe, pictures

START = Callable[[bytes], Look]


def problem_of(look: Look) -> str | None:
    """Wait for the end of a look."""
    while not look.is_over:
        time.sleep(0.01)
    return look.problem()


class LookContract:
    """The suite. `start` calls `damaged_keyframe(n)` damaged."""

    @pytest.fixture
    def start(self) -> START:
        raise NotImplementedError

    def test_a_sound_keyframe_has_no_problem(self, start: START) -> None:
        """It is what an encoder made."""
        assert problem_of(start(pictures()[0].annex_b)) is None

    def test_a_damaged_keyframe_has_one(self, start: START) -> None:
        """In words."""
        for seed in range(5):
            assert problem_of(start(damaged_keyframe(seed)))

    def test_a_look_can_be_given_up(self, start: START) -> None:
        """At once, and twice."""
        look = start(pictures()[0].annex_b)
        look.close()
        look.close()
