"""Table `media` as a list."""

from collections.abc import Sequence

from attrs import define, field

from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.ports.camera import Clip
from surveil_core.ports.preview import ClipPreview
from tests.fakes.clip_jobs import FakeClipJobs
from tests.fakes.clock import FakeClock


@define(kw_only=True)
class FakeMediaStore:
    """Implements `MediaStore`. `storing_takes_s` passes on `clock` at each clip.

    While set, `error` is raised as `StoreUnavailable`, `refusal` as `DataLost`. What is
    stored strikes out its `jobs`.
    """

    clock: FakeClock | None = None
    storing_takes_s: float = 0.0
    error: str | None = None
    refusal: str | None = None
    jobs: FakeClipJobs = field(factory=FakeClipJobs)
    clips: list[Clip] = field(factory=list, init=False)
    event_row_ids: list[tuple[int, ...]] = field(factory=list, init=False)
    previews: list[ClipPreview | None] = field(factory=list, init=False)

    def add_clip(
        self, clip: Clip, *, event_row_ids: Sequence[int], preview: ClipPreview | None = None
    ) -> int:
        """Keep a clip; its row id counts from 1."""
        if not event_row_ids:
            raise ValueError("event_row_ids is empty, expected the row of the triggering event")
        if self.clock is not None:
            self.clock.advance(self.storing_takes_s)
        if self.error is not None:
            raise StoreUnavailable(self.error)
        if self.refusal is not None:
            raise DataLost(self.refusal)
        self.jobs.strike_out(event_row_ids)
        self.clips.append(clip)
        self.event_row_ids.append(tuple(event_row_ids))
        self.previews.append(preview)
        return len(self.clips)

    def close(self) -> None:
        """Nothing to release."""
