"""The clips that were under way when the power went, and what promise 3 says of each."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import frozen

from bench.figures import percentile
from tests.hil.campaigns.counting import count_text

LOST_WITHIN_S = 1.0
"""Promise 3."""

TOLD = (
    "camera_ready",
    "event_detected",
    "recording_started",
    "recording_extended",
    "clip_stored",
    "clip_failed",
)
"""The notices that say which clips are under way."""

BEGUN_WITHIN = timedelta(seconds=8)
"""An event is filmed so soon after it was detected, on an emulated processor."""


@frozen(kw_only=True)
class Begun:
    """A clip that the edge has told to film, by the guest's clock.

    It has pictures from `at_utc` on; None: no camera has given any yet.
    """

    event_id: str
    at_utc: datetime | None


@frozen(kw_only=True)
class Video:
    """A row of `media`. One that is not `is_salvaged` was finished by who filmed it."""

    event_id: str
    began_at_utc: datetime
    duration_s: float
    is_salvaged: bool

    @property
    def ended_at_utc(self) -> datetime:
        """When its last picture was over."""
        return self.began_at_utc + timedelta(seconds=self.duration_s)


@frozen(kw_only=True)
class Ending:
    """What the power cut left of a clip that was begun `age_s` before it.

    `lost_s` is how much was filmed after its last picture that is there; None: there is none.
    """

    event_id: str
    age_s: float
    lost_s: float | None
    is_complete: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether promise 3 holds. Of a clip that is younger than a second, nothing need be there.

        Nor need what the ring held of the time before it: it is written together with the first.
        """
        lost_s = self.age_s if self.lost_s is None else self.lost_s
        return self.is_complete or lost_s <= LOST_WITHIN_S


def clips_under_way(notices: Iterable[Mapping[str, Any]]) -> Sequence[Begun]:
    """Name the clips of one boot that were begun and neither stored nor given up, by `TOLD`."""
    has_camera = False
    begun: dict[str, datetime | None] = {}
    for notice in notices:
        at_utc = datetime.fromisoformat(notice["time"])
        if notice["event"] == "camera_ready":
            has_camera = True
            begun = {event_id: since_utc or at_utc for event_id, since_utc in begun.items()}
        elif notice["event"] == "recording_started":
            begun[notice["event_id"]] = at_utc if has_camera else None
        elif notice["event"] in ("clip_stored", "clip_failed"):
            begun.pop(notice["event_id"], None)
    return [Begun(event_id=event_id, at_utc=at_utc) for event_id, at_utc in begun.items()]


def not_begun(notices: Iterable[Mapping[str, Any]], cut_at_utc: datetime) -> Sequence[str]:
    """Name the motions that nobody filmed though there was a camera, and time to begin."""
    has_camera = False
    waiting: dict[str, datetime] = {}
    for notice in notices:
        if notice["event"] == "camera_ready":
            has_camera = True
        elif notice["event"] != "event_detected":
            waiting.pop(notice["event_id"], None)
        elif has_camera and notice["kind"] == "motion":
            waiting[notice["event_id"]] = datetime.fromisoformat(notice["time"])
    return [one for one, at_utc in waiting.items() if cut_at_utc - at_utc > BEGUN_WITHIN]


def ending_of(clip: Begun, cut_at_utc: datetime, videos: Iterable[Video]) -> Ending:
    """Say what is left of a clip; a video that was filmed after the cut is nothing of it."""
    age_s = (cut_at_utc - (clip.at_utc or cut_at_utc)).total_seconds()
    found = [
        video
        for video in videos
        if video.event_id == clip.event_id and video.began_at_utc < cut_at_utc
    ]
    if not found:
        return Ending(event_id=clip.event_id, age_s=age_s, lost_s=None)
    last = max(found, key=lambda video: video.ended_at_utc)
    return Ending(
        event_id=clip.event_id,
        age_s=age_s,
        lost_s=max(0.0, (cut_at_utc - last.ended_at_utc).total_seconds()),
        is_complete=not last.is_salvaged,
    )


def gone(stored: Iterable[str], videos: Iterable[Video]) -> Sequence[str]:
    """Name the events whose video was stored and is not there."""
    return sorted(set(stored) - {video.event_id for video in videos})


def ending_rows(endings: Sequence[Ending]) -> list[tuple[str, str]]:
    """Draw the rows of a table: how many, and the seconds lost of those that were cut."""
    cut = [one for one in endings if not one.is_complete]
    lost_s = sorted(one.lost_s for one in cut if one.lost_s is not None)
    young = [one for one in cut if one.lost_s is None and one.is_kept]
    broken = [one.event_id for one in cut if not one.is_kept]
    rows = [
        ("clips under way when the power went", str(len(endings))),
        ("of these complete, not yet stored: nothing lost", str(len(endings) - len(cut))),
        ("of these cut and salvaged", str(len(lost_s))),
        ("of these begun in the last second, nothing flushed yet", str(len(young))),
        ("of these missing more than the last second", count_text(broken)),
    ]
    if lost_s:
        for name, percent in (("median", 50), ("most", 100)):
            text = f"{percentile(lost_s, percent):.2f}"
            rows.append((f"seconds lost of one that was cut, {name}", text))
    return rows


def utc(text: str) -> datetime:
    """Read a date of the database."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
