"""Stored videos in a list, on a disk of a size."""

from collections.abc import Collection, Sequence

from attrs import define, evolve, field

from surveil_core.errors import StoreUnavailable
from surveil_core.ports.video_stock import GivenUp
from surveil_core.retention import KeptVideo, Space


@define(kw_only=True)
class FakeVideoStock:
    """Implements `VideoStock`. Deleted videos leave `hollow_bytes` in the file.

    Another program pins those of `pinned_meanwhile` as soon as they are to be deleted.

    The next `failures` calls raise `StoreUnavailable`. With `files_stay_because` the videos lie in
    files that the disk does not let go.
    """

    videos: list[KeptVideo] = field(factory=list)
    disk_bytes: int = 1 << 41
    disk_free_bytes: int = 1 << 40
    hollow_bytes: int = 0
    step_bytes: int = 4096
    failures: int = 0
    orphan_bytes: int = 0
    spooled_bytes: int = 0
    files_stay_because: str | None = None
    reasons: list[str] = field(factory=list)
    pinned_meanwhile: set[int] = field(factory=set)

    def space(self) -> Space:
        """As the port says."""
        self._maybe_fail()
        return Space(
            video_bytes=sum(video.video_bytes for video in self.videos),
            free_bytes=self.disk_free_bytes + self.hollow_bytes,
            disk_bytes=self.disk_bytes,
            hollow_bytes=self.hollow_bytes,
            orphan_bytes=self.orphan_bytes,
            spooled_bytes=self.spooled_bytes,
        )

    def oldest_first(self) -> Sequence[KeptVideo]:
        """As the port says."""
        self._maybe_fail()
        return list(self.videos)

    def give_up(self, media_ids: Collection[int], *, reason: str) -> GivenUp:
        """As the port says."""
        self._maybe_fail()
        for media_id in self.pinned_meanwhile:
            self.pin(media_id, is_pinned=True)
        gone = [v for v in self.videos if v.media_id in media_ids and not v.is_pinned]
        self.videos = [video for video in self.videos if video not in gone]
        gone_bytes = sum(video.video_bytes for video in gone)
        if self.files_stay_because is None:
            self.hollow_bytes += gone_bytes
        else:
            self.orphan_bytes += gone_bytes
        self.reasons.append(reason)
        return GivenUp(
            media_ids={video.media_id for video in gone},
            files_stay_because=self.files_stay_because,
        )

    def remove_orphans(self, *, camera_number: int) -> int:
        """As the port says."""
        self._maybe_fail()
        if self.orphan_bytes and self.files_stay_because is not None:
            raise StoreUnavailable(self.files_stay_because)
        orphan_bytes, self.orphan_bytes = self.orphan_bytes, 0
        return orphan_bytes

    def give_space_back(self, *, up_to_free_bytes: int) -> int:
        """As the port says."""
        self._maybe_fail()
        if self.disk_free_bytes >= up_to_free_bytes or not self.hollow_bytes:
            return 0
        step_bytes = min(self.step_bytes, self.hollow_bytes)
        self.hollow_bytes -= step_bytes
        self.disk_free_bytes += step_bytes
        return self.hollow_bytes

    def pin(self, media_id: int, *, is_pinned: bool) -> bool:
        """As the port says."""
        self._maybe_fail()
        known = any(video.media_id == media_id for video in self.videos)
        self.videos = [
            evolve(v, is_pinned=is_pinned) if v.media_id == media_id else v for v in self.videos
        ]
        return known

    def close(self) -> None:
        """Nothing to release."""

    def _maybe_fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("database is locked")
