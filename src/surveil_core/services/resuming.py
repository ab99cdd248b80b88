"""What an earlier run owed: its clips in the spool, and its jobs without a clip.

A clip that was finished or cut short is stored. One whose events have their video goes; any
other that may show something is set aside for a person, since a database that was lost, moved
aside or restored knows nothing of its events. Either is said. An event of which no film was found
is filmed while its time is not over, else its job is closed with the reason. Once that is done, a
clip that could not be read until then is no longer removed: the video may be another film.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from attrs import define, field

from surveil_core.backoff import Backoff
from surveil_core.errors import StoreUnavailable
from surveil_core.notices import ClipCutShort, SpoolFileRemoved, StoreFailed
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.clip_jobs import ClipJob, ClipJobs
from surveil_core.ports.clock import Clock
from surveil_core.ports.recorder import Trigger
from surveil_core.ports.spool import FilmedEvent, Spool, SpooledClip
from surveil_core.recording import RecordingPolicy
from surveil_core.services.storing import ClipStoring

NOT_FILMED_ANY_MORE = "events of its type are filmed no more"
UNKNOWN_CLIP = "nothing says what it shows"
UNKNOWN_EVENTS = "the database does not have its events, or not all of them"
NO_PICTURE = "it holds no whole picture"
HAVE_VIDEO = "its events have their video"
HAVE_OTHER_VIDEO = "it could not be read at first, and its events have a video, maybe another one"
DAMAGED_EVENT = "its row in the database is damaged: nothing says when it came, or what it was"


@define(kw_only=True)
class ClipResuming:
    """Done once for each `start`, as soon as the database answers. Used by one thread.

    A clip that may not be read yet is tried again, and keeps nothing else waiting; those that were
    taken are not read again. Only jobs that `is_mine` accepts are looked at: the others are another
    camera's.
    """

    service: str = "surveillance"
    spool: Spool
    jobs: ClipJobs
    storing: ClipStoring
    policy: RecordingPolicy
    clock: Clock
    announcer: Announcer
    random_unit: Callable[[], float]
    backoff: Backoff = field(factory=lambda: Backoff(first_s=2.0, max_s=60.0))
    is_mine: Callable[[ClipJob], bool] = lambda job: True
    is_done: bool = field(default=True, init=False)
    _taken: set[Path] = field(factory=set, init=False)
    _are_jobs_taken: bool = field(default=False, init=False)
    _failures: int = field(default=0, init=False)
    _retry_at_s: float = field(default=float("-inf"), init=False)

    def start(self) -> None:
        """Look again at what there is."""
        self.is_done = self._are_jobs_taken = False
        self._taken.clear()
        self._failures, self._retry_at_s = 0, float("-inf")

    def resume(self, rows_in_hand: Callable[[], Collection[int]]) -> Sequence[Trigger]:
        """Hand the clips to `storing`, and return what is to be filmed now.

        `rows_in_hand` names, when called, the events that this run takes care of. Nothing
        happens while the database does not answer, which is asked before the clips are read.
        """
        if self.is_done or self.clock.monotonic_s() < self._retry_at_s:
            return ()
        try:
            jobs = [] if self._are_jobs_taken else self._open_jobs()
            left = self.spool.left_clips(skip=self._taken)
            have_video = self._have_video(left.clips)
        except StoreUnavailable as error:
            self._postpone(str(error))
            return ()
        rows_seen = {*rows_in_hand(), *self._take_clips(left.clips, have_video)}
        self._are_jobs_taken, self.is_done = True, left.refusal is None
        if left.refusal is not None:
            self._postpone(left.refusal)
        return self._take_jobs([job for job in jobs if job.event_row_id not in rows_seen])

    def _open_jobs(self) -> list[ClipJob]:
        return [job for job in self.jobs.open_jobs() if self.is_mine(job)]

    def _have_video(self, clips: Sequence[SpooledClip]) -> Mapping[FilmedEvent, bool]:
        return self.jobs.have_video([event for clip in clips for event in clip.events])

    def _take_clips(
        self, clips: Sequence[SpooledClip], have_video: Mapping[FilmedEvent, bool]
    ) -> Collection[int]:
        """Store, remove or set aside each; returns the rows of the events that get a video."""
        rows: list[int] = []
        for clip in clips:
            self._taken.add(clip.spool_path)
            events = [event for event in clip.events if have_video.get(event) is False]
            if events and clip.has_pictures:
                self._store(clip, events)
                rows += [event.event_row_id for event in events]
            else:
                self._clear(clip, have_video)
        return rows

    def _clear(self, clip: SpooledClip, have_video: Mapping[FilmedEvent, bool]) -> None:
        """Remove a clip that makes no video, unless it may show what nobody has seen."""
        reason = _why_useless(clip, have_video)
        if reason == HAVE_VIDEO and self._are_jobs_taken:
            reason = HAVE_OTHER_VIDEO
        if clip.unread_because is not None:
            self.storing.set_aside(clip, clip.unread_because)
        elif clip.raw_bytes and reason != HAVE_VIDEO:
            self.storing.set_aside(clip, reason)
        else:
            self._remove(clip, reason)

    def _store(self, clip: SpooledClip, events: Sequence[FilmedEvent]) -> None:
        if clip.cut_short:
            self.announcer.announce(
                ClipCutShort(
                    service=self.service,
                    event_id=events[0].event_id,
                    reason="the program or the power was cut while it was filmed",
                )
            )
        self.storing.add(clip, events=events)

    def _remove(self, clip: SpooledClip, reason: str) -> None:
        self.announcer.announce(
            SpoolFileRemoved(service=self.service, path=str(clip.spool_path), reason=reason)
        )
        self.storing.remove(clip)

    def _take_jobs(self, jobs: Sequence[ClipJob]) -> Sequence[Trigger]:
        """Give up what is over; returns the others as triggers of their true instant."""
        triggers = []
        for job in jobs:
            answer = self._trigger_of(job)
            if isinstance(answer, Trigger):
                triggers.append(answer)
            else:
                event = FilmedEvent(event_row_id=job.event_row_id, event_id=job.event_id)
                self.storing.give_up([event], answer)
        return triggers

    def _trigger_of(self, job: ClipJob) -> Trigger | str:
        """Ask for what a job promises; or say why it is not filmed any more."""
        if job.event_type is None or job.received_at_utc is None:
            return DAMAGED_EVENT
        if job.event_type not in self.policy.recorded_types:
            return NOT_FILMED_ANY_MORE
        age_s = (self.clock.now_utc() - job.received_at_utc).total_seconds()
        if 0 <= age_s < self.policy.duration_s:
            return Trigger(
                event_row_id=job.event_row_id,
                event_id=job.event_id,
                event_type=job.event_type,
                at_s=self.clock.monotonic_s() - age_s,
            )
        until_utc = job.received_at_utc + timedelta(seconds=self.policy.duration_s)
        return (
            "no film of it was found that can be stored, and it is too late for another: "
            f"it was to be filmed until {until_utc:%Y-%m-%d %H:%M:%S} UTC"
        )

    def _postpone(self, reason: str) -> None:
        self._failures += 1
        retry_in_s = self.backoff.delay_s(self._failures, self.random_unit())
        self._retry_at_s = self.clock.monotonic_s() + retry_in_s
        self.announcer.announce(
            StoreFailed(service=self.service, reason=reason, retry_in_s=retry_in_s)
        )


def _why_useless(clip: SpooledClip, have_video: Mapping[FilmedEvent, bool]) -> str:
    if not clip.events:
        return UNKNOWN_CLIP
    if all(have_video.get(event) for event in clip.events):
        return HAVE_VIDEO
    is_missed = any(have_video.get(event) is False for event in clip.events)
    return NO_PICTURE if is_missed else UNKNOWN_EVENTS
