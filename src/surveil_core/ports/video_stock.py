"""The stored videos as what takes space."""

from collections.abc import Collection, Sequence
from typing import Protocol

from attrs import frozen

from surveil_core.retention import KeptVideo, Space


@frozen(kw_only=True)
class GivenUp:
    """What was deleted of the videos that were to be: those that were there and not pinned.

    `freed_bytes` are those that the disk has back at once, as of a video in a file.
    `files_stay_because` says why it did not let go the files of some; None where none stay.
    """

    media_ids: Collection[int]
    freed_bytes: int = 0
    files_stay_because: str | None = None


class VideoStock(Protocol):
    """Table `media` of the spec, counted and thinned out. Used by one thread.

    All raise `StoreUnavailable`.
    """

    def space(self) -> Space:
        """Say what the videos take and will take, and what is free for them."""

    def oldest_first(self) -> Sequence[KeptVideo]:
        """List the videos in the order in which they were stored."""

    def give_up(self, media_ids: Collection[int], *, reason: str) -> GivenUp:
        """Delete videos in one transaction; their events keep the reason.

        Pinned ones stay, and ids that are not there are no error: it is said which went. Files
        that the disk does not let go are left to `remove_orphans`, and are no error either.
        """

    def remove_orphans(self, *, camera_number: int) -> int:
        """Remove files of clips that were not stored, or are not any more: a crash left them.

        For the thread that stores a camera's clips, between two of them; those that other
        cameras are storing stay. Returns how many bytes they were; raises if the disk does not let
        one go, after it has removed the others.
        """

    def give_space_back(self, *, up_to_free_bytes: int) -> int:
        """Give free space in the file back to the disk until so much is free there.

        Does a step that takes a moment only; says how many bytes of the file may follow, 0
        when all is done.
        """

    def pin(self, media_id: int, *, is_pinned: bool) -> bool:
        """Keep a video whatever comes, or no longer. False if there is none."""

    def close(self) -> None:
        """Release the database. Closing twice is safe."""
