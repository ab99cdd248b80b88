"""A database of clips that a test may damage."""

from collections.abc import Sequence

from attrs import define, field

from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.ports.inspection import FoundClips
from surveil_core.soundness import ClipRow


@define(kw_only=True)
class FakeInspection:
    """Implements `Inspection`. The rows of `lost` cannot be read, those of `busy` not now.

    Of the clips in `deleted_by_hand` only what stood beside them is left.
    """

    rows: dict[int, ClipRow] = field(factory=dict)
    events: dict[int, Sequence[str]] = field(factory=dict)
    lost: set[int] = field(factory=set)
    busy: set[int] = field(factory=set)
    strays: list[str] = field(factory=list)
    deleted_by_hand: set[int] = field(factory=set)

    def file_bytes(self) -> int:
        """As the port says."""
        return sum(row.stored_bytes for row in self.rows.values())

    def find_file_faults(self) -> Sequence[str]:
        """As the port says."""
        return [f"the page of clip {media_id} is lost" for media_id in sorted(self.lost)]

    def find_clips(self) -> FoundClips:
        """As the port says; a clip that only `events` names is found as well."""
        return FoundClips(
            media_ids=sorted({*self.rows, *self.events}),
            faults=["media cannot be read as a whole"] if self.lost else [],
            leftover_ids=set() if self.lost else self.deleted_by_hand,
        )

    def find_stray_files(self) -> Sequence[str]:
        """As the port says."""
        return self.strays

    def read_row(self, media_id: int) -> ClipRow | None:
        """As the port says."""
        if media_id in self.lost:
            raise DataLost("database disk image is malformed")
        if media_id in self.busy:
            raise StoreUnavailable("database is locked")
        return None if media_id in self.deleted_by_hand else self.rows.get(media_id)

    def event_ids(self, media_id: int) -> Sequence[str]:
        """As the port says."""
        return self.events.get(media_id, ())
