"""Which videos make room for newer ones.

Laws: a pinned video is never given up; the oldest go first, and none that need not; what is
given up is enough, or it is said how many bytes are missing. Where the disk does not let go the
files of those that were given up, no others go in their stead: that would only lose their rows.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from attrs import field, frozen, validators

_OR_NONE = validators.optional

BELIEVABLE_SINCE_UTC = datetime(2024, 1, 1, tzinfo=UTC)
"""A video that seems older was filmed before the clock was set: its age is not known."""


@frozen(kw_only=True)
class RetentionPolicy:
    """How much is kept. `max_bytes` and `max_age_days` are without limit if None.

    `min_free_bytes` stay free on the disk for everything else; None is a twentieth of the
    disk, 1 GiB at most.
    """

    max_bytes: int | None = field(default=None, validator=_OR_NONE(validators.ge(0)))
    max_age_days: float | None = field(default=None, validator=_OR_NONE(validators.gt(0)))
    min_free_bytes: int | None = field(default=None, validator=_OR_NONE(validators.ge(0)))

    def wanted_free_bytes(self, disk_bytes: int) -> int:
        """How much stays free on a disk of that size."""
        if self.min_free_bytes is not None:
            return self.min_free_bytes
        return min(disk_bytes // 20, 1024**3)


@frozen(kw_only=True)
class KeptVideo:
    """What counts of a stored video. `video_bytes` are those of its preview as well.

    `started_at_utc` is None where its row is damaged, or the clock was not set.
    """

    media_id: int
    video_bytes: int
    started_at_utc: datetime | None
    is_pinned: bool = False


@frozen(kw_only=True)
class Space:
    """What the videos take with their previews, what is free for them, and their disk's size.

    `hollow_bytes` of what is free are in the file itself. `orphan_bytes` are not free yet: the
    disk still has to let go the files of videos that were given up. `spooled_bytes` are those of
    clips that are filmed and not stored yet, a new one among them.
    """

    video_bytes: int
    free_bytes: int
    disk_bytes: int
    hollow_bytes: int = 0
    orphan_bytes: int = 0
    spooled_bytes: int = 0


@frozen(kw_only=True)
class Clearance:
    """Videos to give up, and how many bytes are too few even so."""

    videos: tuple[KeptVideo, ...] = ()
    missing_bytes: int = 0


def choose_videos(
    policy: RetentionPolicy,
    oldest_first: Iterable[KeptVideo],
    space: Space,
    *,
    new_bytes: int = 0,
    beside_bytes: int = 0,
    now_utc: datetime | None,
) -> Clearance:
    """Choose what goes so that a video of `new_bytes` has its place.

    `beside_bytes` are taken on the disk meanwhile, and are no video: to `max_bytes` they do not
    count. `now_utc` is None where the clock cannot be believed; nothing is too old then.
    """
    missing_bytes = _excess_bytes(policy, space, new_bytes, beside_bytes)
    before_utc = _too_old_before(policy, now_utc)
    chosen: list[KeptVideo] = []
    for video in oldest_first:
        if not video.is_pinned and (_is_old(video, before_utc) or missing_bytes > 0):
            chosen.append(video)
            missing_bytes -= video.video_bytes
    return Clearance(videos=tuple(chosen), missing_bytes=max(0, missing_bytes))


def _is_old(video: KeptVideo, before_utc: datetime) -> bool:
    if video.started_at_utc is None:
        return False
    return BELIEVABLE_SINCE_UTC <= video.started_at_utc < before_utc


def _excess_bytes(policy: RetentionPolicy, space: Space, new_bytes: int, beside_bytes: int) -> int:
    free_bytes = space.free_bytes + space.orphan_bytes
    needed_bytes = policy.wanted_free_bytes(space.disk_bytes) + new_bytes + beside_bytes
    excess_bytes = needed_bytes - free_bytes
    if policy.max_bytes is not None:
        coming_bytes = max(new_bytes, space.spooled_bytes)
        excess_bytes = max(excess_bytes, space.video_bytes + coming_bytes - policy.max_bytes)
    return excess_bytes


def _too_old_before(policy: RetentionPolicy, now_utc: datetime | None) -> datetime:
    if policy.max_age_days is None or now_utc is None:
        return BELIEVABLE_SINCE_UTC
    return now_utc - timedelta(days=policy.max_age_days)
