"""What every `DeadLetters` does: of fakes, of the outbox and of `surveillance.db` alike."""

from collections.abc import Callable, Sequence

import pytest

from surveil_core.ports.dead_letters import DeadLetter, DeadLetters
from tests.examples import MOTION_EVENT, event_number

MakeLetters = Callable[[Sequence[DeadLetter]], DeadLetters]
"""Given letters: a store that holds them, numbered from 1."""

LETTERS = [
    DeadLetter(topic=f"sensor/{n}", payload=bytes([n, 255, 0]), reason=f"reason é {n}")
    for n in (1, 2, 3)
]


class DeadLettersContract:
    """Subclasses give `make_letters`."""

    @pytest.fixture
    def make_letters(self) -> MakeLetters:
        raise NotImplementedError

    @pytest.fixture
    def letters(self, make_letters: MakeLetters) -> DeadLetters:
        """Keep `LETTERS`."""
        return make_letters(LETTERS)

    def test_letters_are_listed_as_they_came(self, letters: DeadLetters) -> None:
        """Oldest first, by pages, bytes unchanged."""
        assert [stored.letter for stored in letters.list_letters()] == LETTERS
        assert [s.letter_id for s in letters.list_letters(after=1)] == [2, 3]
        assert [s.letter_id for s in letters.list_letters(after=1, limit=1)] == [2]
        assert list(letters.list_letters(after=3)) == []
        assert list(letters.list_letters(limit=0)) == []

    def test_empty_store_has_none(self, make_letters: MakeLetters) -> None:
        """Without letters, listing and looking find nothing."""
        letters = make_letters([])
        assert list(letters.list_letters()) == []
        assert letters.find_letter(1) is None

    def test_one_letter_is_found(self, letters: DeadLetters) -> None:
        """A letter is found by its number, with the time of its refusal."""
        found = letters.find_letter(2)
        assert found is not None
        assert (found.letter_id, found.letter) == (2, LETTERS[1])
        assert found.died_at_utc.year >= 2025

    @pytest.mark.parametrize("number", [0, -1, 4, 2**80, -(2**80)])
    def test_numbers_without_a_letter(self, letters: DeadLetters, number: int) -> None:
        """Any number may be asked for; there is simply no such letter."""
        assert letters.find_letter(number) is None
        assert not letters.revive(number, MOTION_EVENT)
        assert not letters.discard(number)
        assert len(letters.list_letters(after=-(2**80), limit=2**80)) == 3

    def test_revived_and_discarded_letters_are_gone(self, letters: DeadLetters) -> None:
        """Each is decided once; the others keep their numbers."""
        assert letters.revive(1, event_number(1))
        assert letters.discard(3)
        assert not letters.revive(1, event_number(1))
        assert not letters.discard(3)
        assert [stored.letter_id for stored in letters.list_letters()] == [2]
