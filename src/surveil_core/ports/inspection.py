"""The database of the clips, looked at without trust in it."""

from collections.abc import Collection, Sequence
from typing import Protocol

from attrs import frozen

from surveil_core.soundness import ClipRow


@frozen(kw_only=True)
class FoundClips:
    """The numbers of all clips that were found, in order, and where reading stopped.

    Those of `leftover_ids` are named beside the table alone, which was read as a whole.
    """

    media_ids: Sequence[int]
    faults: Sequence[str]
    leftover_ids: Collection[int] = ()


class Inspection(Protocol):
    """`surveillance.db` as a file that may be damaged, beside services that use it.

    Writes nothing, and holds no handle between calls. Used by one thread. All raise
    `StoreUnavailable`; what is damaged for good is `DataLost`.
    """

    def file_bytes(self) -> int:
        """How large the file is."""

    def find_file_faults(self) -> Sequence[str]:
        """Say what is wrong with the file as a whole: its pages, indexes and references.

        Reads all of it, without keeping services from writing meanwhile. Raises
        `StoreUnavailable` where what they write cannot be told from damage, never `DataLost`.
        """

    def find_clips(self) -> FoundClips:
        """Number the clips that the table or any index knows.

        What cannot be read is told, and the others are found all the same. Never raises
        `DataLost`.
        """

    def find_stray_files(self) -> Sequence[str]:
        """Name the files beside the database that look like its videos, and are not.

        Never raises `DataLost`.
        """

    def read_row(self, media_id: int) -> ClipRow | None:
        """Read what is known of a clip but its pictures; None if there is no such row."""

    def event_ids(self, media_id: int) -> Sequence[str]:
        """Name the events that it shows, even where its row cannot be read."""
