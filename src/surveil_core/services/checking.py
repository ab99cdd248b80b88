"""Checks stored clips: each is read as a whole, and judged by what it is."""

from collections.abc import Sequence

from attrs import frozen

from surveil_core.errors import DataLost, StoreDamaged, StoreUnavailable
from surveil_core.ports.inspection import Inspection
from surveil_core.ports.video_meter import VideoMeter
from surveil_core.soundness import (
    ClipRow,
    Fault,
    Harm,
    advise,
    judge_leftovers,
    judge_match,
    judge_pictures,
    judge_row,
)


@frozen(kw_only=True)
class Finding:
    """What a check found of one clip; a sound one has no faults."""

    media_id: int
    event_ids: Sequence[str] = ()
    faults: Sequence[Fault] = ()
    is_gone: bool = False
    """There is no such clip, or not any more: that is no fault."""
    busy: str | None = None
    """Why it could not be checked now; nothing is known of it then."""

    @property
    def advice(self) -> str:
        """What to do next about a clip that is not sound."""
        return advise(self.media_id, self.faults)


@frozen(kw_only=True)
class ClipChecking:
    """One thread calls it. Nothing that it finds is raised."""

    inspection: Inspection
    meter: VideoMeter

    def check(self, media_id: int) -> Finding:
        """Check one clip. One that is deleted meanwhile, or cannot be read now, is no fault."""
        try:
            faults = self._look(media_id)
        except StoreUnavailable as error:
            return Finding(media_id=media_id, busy=str(error))
        if faults and self._is_gone(media_id):
            return Finding(media_id=media_id, is_gone=True)
        return Finding(media_id=media_id, event_ids=self._event_ids(media_id), faults=faults)

    def _look(self, media_id: int) -> Sequence[Fault]:
        try:
            row = self.inspection.read_row(media_id)
            return [self._missing(media_id)] if row is None else self._faults_of(row)
        except (DataLost, StoreDamaged) as error:
            return [_unreadable("its row", error)]

    def _missing(self, media_id: int) -> Fault:
        if media_id in self.inspection.find_clips().leftover_ids:
            return judge_leftovers(media_id)
        return Fault(
            harm=Harm.UNREADABLE,
            text=f"media has no row {media_id}, although an index or media_evenement names it",
        )

    def _is_gone(self, media_id: int) -> bool:
        """Whether nothing in the file names it."""
        try:
            return (
                self.inspection.read_row(media_id) is None
                and media_id not in self.inspection.find_clips().media_ids
            )
        except (DataLost, StoreUnavailable):
            return False

    def _faults_of(self, row: ClipRow) -> list[Fault]:
        faults = list(judge_row(row))
        if row.missing_file is not None:
            return faults
        try:
            video = self.meter.measure(row.media_id, video_bytes=row.stored_bytes)
        except DataLost as error:
            return [*faults, Fault(harm=Harm.PICTURES, text=str(error))]
        except StoreDamaged as error:
            return [*faults, _unreadable("its video", error)]
        return [*faults, *judge_pictures(video), *judge_match(row, video)]

    def _event_ids(self, media_id: int) -> Sequence[str]:
        try:
            return self.inspection.event_ids(media_id)
        except (DataLost, StoreUnavailable):
            return ()  # what cannot be read of the events is a fault of the file, told there


def _unreadable(what: str, error: Exception) -> Fault:
    return Fault(harm=Harm.UNREADABLE, text=f"{what} cannot be read: {error}")
