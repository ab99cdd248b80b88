"""What every `Inspection` does: the fake and the SQLite file alike."""

from collections.abc import Callable

import pytest

from surveil_core.errors import DataLost
from surveil_core.ports.inspection import Inspection
from tests.examples import event_number


class InspectionContract:
    """Subclasses give `inspection`, of sound clips 1 to 3, each of the event of its number.

    `lose_row` makes the row of a clip unreadable, `delete` deletes a clip, `delete_by_hand` its
    row alone.
    """

    @pytest.fixture
    def inspection(self) -> Inspection:
        raise NotImplementedError

    @pytest.fixture
    def lose_row(self, inspection: Inspection) -> Callable[[int], None]:
        raise NotImplementedError

    @pytest.fixture
    def delete(self, inspection: Inspection) -> Callable[[int], None]:
        raise NotImplementedError

    @pytest.fixture
    def delete_by_hand(self, inspection: Inspection) -> Callable[[int], None]:
        raise NotImplementedError

    def test_sound_file_has_no_faults(self, inspection: Inspection) -> None:
        """All clips are found, in order."""
        found = inspection.find_clips()
        assert (list(found.media_ids), list(found.faults)) == ([1, 2, 3], [])
        assert list(inspection.find_file_faults()) == []
        assert list(inspection.find_stray_files()) == []
        assert inspection.file_bytes() > 0

    def test_row_says_what_was_stored(self, inspection: Inspection) -> None:
        """With the links to its events."""
        row = inspection.read_row(2)
        assert row is not None
        assert row.media_id == 2
        assert row.clip_bytes == row.stored_bytes > 0
        assert row.missing_file is None
        assert row.has_event
        assert row.event_row_id in row.linked_row_ids
        assert list(inspection.event_ids(2)) == [event_number(2).event_id]

    @pytest.mark.parametrize("media_id", [0, 99])
    def test_unknown_clip_has_no_row(self, inspection: Inspection, media_id: int) -> None:
        """Nor events."""
        assert inspection.read_row(media_id) is None
        assert list(inspection.event_ids(media_id)) == []

    def test_deleted_clip_is_not_found(
        self, inspection: Inspection, delete: Callable[[int], None]
    ) -> None:
        """Without a fault."""
        delete(2)
        assert inspection.read_row(2) is None
        assert list(inspection.find_clips().media_ids) == [1, 3]
        assert list(inspection.find_file_faults()) == []

    def test_what_is_left_of_a_clip_is_told_from_a_lost_row(
        self,
        inspection: Inspection,
        delete_by_hand: Callable[[int], None],
        lose_row: Callable[[int], None],
    ) -> None:
        """As long as the table can be read as a whole."""
        assert list(inspection.find_clips().leftover_ids) == []
        delete_by_hand(2)
        found = inspection.find_clips()
        assert (list(found.media_ids), list(found.leftover_ids)) == ([1, 2, 3], [2])
        assert inspection.read_row(2) is None
        lose_row(1)
        assert list(inspection.find_clips().leftover_ids) == []

    def test_clip_whose_row_is_lost_is_found(
        self, inspection: Inspection, lose_row: Callable[[int], None]
    ) -> None:
        """Its number and its events stand elsewhere as well; where reading stopped is told."""
        lose_row(2)
        found = inspection.find_clips()
        assert list(found.media_ids) == [1, 2, 3]
        assert found.faults
        assert inspection.find_file_faults()
        with pytest.raises(DataLost):
            inspection.read_row(2)
        assert list(inspection.event_ids(2)) == [event_number(2).event_id]
        assert inspection.read_row(1) is not None
