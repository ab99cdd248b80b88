"""Keeps the disk from filling: the oldest videos make room, before a new one and by the way."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from attrs import define, field

from surveil_core.errors import StoreUnavailable
from surveil_core.notices import AgesUnknown, OrphansRemoved, SpaceShort, StoreFailed, VideosGivenUp
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.clock import Clock
from surveil_core.ports.video_stock import VideoStock
from surveil_core.retention import KeptVideo, RetentionPolicy, choose_videos

CHECK_EVERY_S = 60.0
REASON = "deleted to make room"


@define(kw_only=True)
class Retaining:
    """One thread calls it at a time, the one that stores the clips of `camera_number`.

    Each call takes a moment only: the clips wait meanwhile. `fills_hollow` says whether those go
    into the space that is free in the database, else that is given back to the disk for them.
    Where several threads have one each, `turn` is a lock that all of them share: what one looks at
    must not be what another is giving up, or both make the same room.
    """

    service: str = "surveillance"
    policy: RetentionPolicy
    stock: VideoStock
    clock: Clock
    announcer: Announcer
    camera_number: int = 1
    fills_hollow: bool = True
    turn: AbstractContextManager[object] = field(factory=nullcontext)
    _check_at_s: float = field(default=float("-inf"), init=False)
    _wanted_free_bytes: int = field(default=0, init=False)
    _is_clock_set: bool = field(default=True, init=False)
    _missing_bytes: int = field(default=0, init=False)

    @property
    def is_due(self) -> bool:
        """Whether a step would do anything now."""
        return bool(self._wanted_free_bytes) or self.clock.monotonic_s() >= self._check_at_s

    def step(self) -> None:
        """Look once a minute, and give freed space back to the disk if others need it."""
        at_s = self.clock.monotonic_s()
        if at_s >= self._check_at_s:
            self._check_at_s = at_s + CHECK_EVERY_S
            self._remove_orphans()
            self.make_room()
        if self._wanted_free_bytes:
            self._give_back()

    def make_room(self, new_bytes: int = 0, *, beside_bytes: int = 0) -> None:
        """Give up what a video of `new_bytes` needs; what cannot be had is told once, not raised.

        `beside_bytes` are needed on the disk meanwhile, where what is free in the database is of no
        use: `step` gives that back to the disk for them. That they are short is not told here: it
        passes with each clip, and the clip that cannot be made says so.
        """
        try:
            with self.turn:
                space = self.stock.space()
                found = choose_videos(
                    self.policy,
                    self.stock.oldest_first(),
                    space,
                    new_bytes=new_bytes,
                    beside_bytes=beside_bytes,
                    now_utc=self._believed_now_utc(),
                )
                if found.videos:
                    self._give_up(found.videos)
        except StoreUnavailable as error:
            self._announce_failure(str(error))
        else:
            wanted_bytes = self.policy.wanted_free_bytes(space.disk_bytes)
            self._wanted_free_bytes = wanted_bytes + beside_bytes
            if not self.fills_hollow:
                self._wanted_free_bytes += new_bytes
            if not beside_bytes:
                self._announce_shortage(found.missing_bytes)

    def _remove_orphans(self) -> None:
        try:
            freed_bytes = self.stock.remove_orphans(camera_number=self.camera_number)
        except StoreUnavailable as error:
            self._announce_failure(str(error))
            return
        if freed_bytes:
            self.announcer.announce(OrphansRemoved(service=self.service, freed_bytes=freed_bytes))

    def _give_up(self, videos: Sequence[KeptVideo]) -> None:
        """Delete videos; one that was pinned since they were chosen stays."""
        chosen = [video.media_id for video in videos]
        found = self.stock.give_up(chosen, reason=REASON)
        if found.media_ids:
            freed = [video.video_bytes for video in videos if video.media_id in found.media_ids]
            self.announcer.announce(
                VideosGivenUp(service=self.service, videos=len(freed), freed_bytes=sum(freed))
            )
        if found.files_stay_because is not None:
            self._announce_failure(found.files_stay_because)

    def _believed_now_utc(self) -> datetime | None:
        """Say the time if videos go by age and the clock is set; that it is not is told once."""
        if self.policy.max_age_days is None:
            return None
        was_set, self._is_clock_set = self._is_clock_set, self.clock.is_set()
        if self._is_clock_set:
            return self.clock.now_utc()
        if was_set:
            self.announcer.announce(
                AgesUnknown(service=self.service, max_age_days=self.policy.max_age_days)
            )
        return None

    def _give_back(self) -> None:
        try:
            if not self.stock.give_space_back(up_to_free_bytes=self._wanted_free_bytes):
                self._wanted_free_bytes = 0
        except StoreUnavailable as error:
            self._wanted_free_bytes = 0
            self._announce_failure(str(error))

    def _announce_failure(self, reason: str) -> None:
        self.announcer.announce(
            StoreFailed(service=self.service, reason=reason, retry_in_s=CHECK_EVERY_S)
        )

    def _announce_shortage(self, missing_bytes: int) -> None:
        was_short, self._missing_bytes = self._missing_bytes > 0, missing_bytes
        if missing_bytes and not was_short:
            self.announcer.announce(SpaceShort(service=self.service, missing_bytes=missing_bytes))
