"""Finished clips into `media`, and the reasons of those that can never be had.

What the database or the disk refuses is tried again with growing delays, and nobody who
films waits for that: the clip lies in the spool meanwhile, and outlives the process there.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from attrs import define, field

from surveil_core.backoff import Backoff
from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.notices import (
    ClipCaptured,
    ClipFailed,
    ClipPostponed,
    ClipStored,
    PreviewFailed,
    SpoolFileSetAside,
)
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.camera import Clip
from surveil_core.ports.clip_jobs import ClipJobs
from surveil_core.ports.clock import Clock
from surveil_core.ports.media_store import MediaStore
from surveil_core.ports.spool import FilmedEvent, MadeVideo, SpooledClip, mp4_room_bytes

NO_TIME = "the program was ending, and the video went first"
"""Why a clip that is stored by the farewell has no preview."""

CLOSE_WITHIN_S = 3.0
"""No further clip is begun to be stored after so long a farewell; the spool keeps them."""


class MakeRoom(Protocol):
    """As `Retaining.make_room`."""

    def __call__(self, new_bytes: int, *, beside_bytes: int = 0) -> None:
        """Make room for a video, and for what is on the disk meanwhile. Never raises."""


@define(kw_only=True)
class _Waiting:
    """A clip to store and then, or at once, `to_remove` from the spool.

    One that a person should see is set aside instead, and `kept_because` says why. `source` is who
    filmed it, as long as that is still to be told.
    """

    clip: SpooledClip
    events: Sequence[FilmedEvent] = ()
    source: str | None = None
    to_remove: bool = False
    kept_because: str | None = None


@define(kw_only=True)
class ClipStoring:
    """Stores one clip a `step`, which may take long: one thread films, and another one steps.

    `add`, `remove` and `set_aside` are for the thread that films, which also calls `close` when
    nobody steps any more; `give_up` is for any.
    `make_room` is told about the size of each clip before its MP4 is made, which lies in the spool
    beside the stored copy, and its true size with its preview before it is stored.
    `stored_clips` and `given_up_events` count since the program began.
    """

    service: str = "surveillance"
    store: MediaStore
    jobs: ClipJobs
    clock: Clock
    announcer: Announcer
    random_unit: Callable[[], float]
    make_room: MakeRoom = lambda new_bytes, *, beside_bytes=0: None
    backoff: Backoff = field(factory=lambda: Backoff(first_s=2.0, max_s=60.0))
    stored_clips: int = field(default=0, init=False)
    given_up_events: int = field(default=0, init=False)
    _waiting: deque[_Waiting] = field(factory=deque, init=False)
    _given_up: deque[tuple[str, FilmedEvent]] = field(factory=deque, init=False)
    _events_by_reason: dict[str, list[FilmedEvent]] = field(factory=dict, init=False)
    _is_closing: bool = field(default=False, init=False)
    _failures: int = field(default=0, init=False)
    _retry_at_s: float = field(default=float("-inf"), init=False)

    @property
    def waiting_clips(self) -> int:
        """How many clips are still to be stored."""
        return sum(not waiting.to_remove for waiting in list(self._waiting))

    @property
    def is_due(self) -> bool:
        """Whether a step would do anything now."""
        has_work = bool(self._waiting or self._given_up or self._events_by_reason)
        return has_work and self.clock.monotonic_s() >= self._retry_at_s

    def add(
        self, clip: SpooledClip, *, events: Sequence[FilmedEvent], source: str | None = None
    ) -> None:
        """Store a clip as the video of `events`; `source` filmed it just now."""
        self._waiting.append(_Waiting(clip=clip, events=events, source=source))

    def remove(self, clip: SpooledClip) -> None:
        """Remove a clip that nobody needs."""
        self._waiting.append(_Waiting(clip=clip, to_remove=True))

    def set_aside(self, clip: SpooledClip, reason: str) -> None:
        """Keep a clip that is not stored for a person, who is told where it is."""
        self._waiting.append(_Waiting(clip=clip, to_remove=True, kept_because=reason))

    def give_up(
        self, events: Sequence[FilmedEvent], reason: str, *, kept_path: str | None = None
    ) -> None:
        """Tell that there will be no video, and keep the reason with the events.

        From any thread; never blocks and never raises.
        """
        for event in events:
            self.announcer.announce(
                ClipFailed(
                    service=self.service,
                    event_id=event.event_id,
                    reason=reason,
                    kept_path=kept_path,
                )
            )
            self._given_up.append((reason, event))

    def step(self) -> None:
        """Store what is due, one clip at most."""
        if self.is_due and self._write_reasons() and self._waiting:
            self._finish_first()

    def close(self) -> None:
        """Try everything once more within a few seconds; the spool keeps the rest."""
        give_up_at_s = self.clock.monotonic_s() + CLOSE_WITHIN_S
        self._retry_at_s, self._is_closing = float("-inf"), True
        try:
            if self._write_reasons():
                while self._waiting and self.clock.monotonic_s() < give_up_at_s:
                    if not self._finish_first():
                        break
        finally:
            self._is_closing = False
            self._waiting.clear()
            self._failures, self._retry_at_s = 0, float("-inf")

    # --- reasons ----------------------------------------------------------------------

    def _write_reasons(self) -> bool:
        """Close the jobs that were given up; False if the database refuses now."""
        while self._given_up:
            reason, event = self._given_up.popleft()
            self.given_up_events += 1
            self._events_by_reason.setdefault(reason, []).append(event)
        for reason, events in list(self._events_by_reason.items()):
            try:
                self.jobs.give_up([event.event_row_id for event in events], reason=reason)
            except StoreUnavailable as error:
                self._postpone(events[0], str(error))
                return False
            del self._events_by_reason[reason]
            self._failures = 0
        return True

    # --- clips ------------------------------------------------------------------------

    def _finish_first(self) -> bool:
        """Store and remove the first clip; False if it has to wait, behind the others."""
        waiting = self._waiting[0]
        try:
            if not waiting.to_remove:
                waiting.to_remove = self._store(waiting)
            if waiting.to_remove:
                self._clear(waiting)
        except StoreUnavailable as error:
            self._waiting.rotate(-1)
            self._postpone(next(iter(waiting.events), None), str(error))
            return False
        self._waiting.popleft()
        self._failures = 0
        return True

    def _clear(self, waiting: _Waiting) -> None:
        """Remove a clip; what a disk did not give of it is for a person to try."""
        reason = waiting.kept_because or waiting.clip.unread_because
        if reason is None:
            waiting.clip.discard()
            return
        path = str(waiting.clip.set_aside())
        self.announcer.announce(SpoolFileSetAside(service=self.service, path=path, reason=reason))

    def _store(self, waiting: _Waiting) -> bool:
        """Store a clip. False when it never can be, and a person should see the file."""
        raw_bytes = waiting.clip.raw_bytes
        waiting.clip.remove_video()  # of a run that was killed: no video need go for its room
        self.make_room(raw_bytes, beside_bytes=mp4_room_bytes(raw_bytes))
        try:
            made = waiting.clip.make_video(with_preview=not self._is_closing)
        except DataLost as error:
            self.give_up(waiting.events, str(error))
            return True
        video, preview = made.clip, made.preview
        self._announce_captured(waiting, video)
        self.make_room(video.clip_bytes + (0 if preview is None else preview.size_bytes))
        try:
            row_id = self._add_to_store(waiting, made)
        except DataLost as error:
            self.give_up(waiting.events, str(error), kept_path=str(waiting.clip.spool_path))
            return False
        self.stored_clips += 1
        event_id = waiting.events[0].event_id
        self.announcer.announce(
            ClipStored(
                service=self.service,
                row_id=row_id,
                clip_bytes=video.clip_bytes,
                event_id=event_id,
            )
        )
        if preview is None:
            reason = NO_TIME if self._is_closing else made.no_preview_reason
            self.announcer.announce(
                PreviewFailed(service=self.service, event_id=event_id, reason=reason)
            )
        return True

    def _add_to_store(self, waiting: _Waiting, made: MadeVideo) -> int:
        """Store a video; one that is refused is made again, and takes no room until then."""
        event_row_ids = [event.event_row_id for event in waiting.events]
        try:
            return self.store.add_clip(made.clip, event_row_ids=event_row_ids, preview=made.preview)
        except StoreUnavailable:
            waiting.clip.remove_video()
            raise

    def _announce_captured(self, waiting: _Waiting, video: Clip) -> None:
        source, waiting.source = waiting.source, None
        if source is not None:
            self.announcer.announce(
                ClipCaptured(
                    service=self.service,
                    source=source,
                    clip_bytes=video.clip_bytes,
                    duration_s=video.duration_s,
                    pre_roll_s=video.pre_roll_s,
                    start_delay_s=video.start_delay_s,
                    missing_s=video.missing_s,
                )
            )

    def _postpone(self, event: FilmedEvent | None, reason: str) -> None:
        self._failures += 1
        retry_in_s = self.backoff.delay_s(self._failures, self.random_unit())
        self._retry_at_s = self.clock.monotonic_s() + retry_in_s
        self.announcer.announce(
            ClipPostponed(
                service=self.service,
                event_id=None if event is None else event.event_id,
                reason=reason,
                retry_in_s=retry_in_s,
            )
        )
