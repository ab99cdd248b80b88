"""What the HTTP API reads."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from attrs import frozen

from surveil_core.ports.preview import PreviewKind
from surveil_core.vocabulary import AlertType


class ClipState(StrEnum):
    """What became of the video of an event."""

    NONE = "none"
    """None was to be made."""
    AWAITED = "awaited"
    STORED = "stored"
    GIVEN_UP = "given_up"
    """None will come, or there is none any more."""


@frozen(kw_only=True)
class EventRecord:
    """An event as the API lists it. `cursor` grows with every stored event.

    `no_video_reason` says why the clip was given up. The row of a `damaged` one holds a time
    that is none, which None stands for, or `data` that cannot be read, which is empty.
    """

    cursor: int
    event_id: str
    device_id: str
    type: AlertType
    source: str | None
    sensor_name: str | None
    location: str | None
    occurred_at_utc: datetime | None
    received_at_utc: datetime | None
    data: Mapping[str, Any]
    media_ids: Sequence[int] = ()
    clip_state: ClipState = ClipState.NONE
    no_video_reason: str | None = None
    damaged: bool = False


@frozen(kw_only=True)
class MediaRecord:
    """A video as the API lists it; `start_delay_s` and `missing_s` are as of `Clip`.

    Of a `salvaged` one the end may be missing; a `pinned` one is never deleted to make room.
    The row of a `damaged` one holds a time or a number that is none: None stands for that time,
    0 for that number, and the video can be had all the same.
    """

    media_id: int
    event_ids: Sequence[str]
    started_at_utc: datetime | None
    duration_s: float
    pre_roll_s: float
    clip_bytes: int
    resolution: str
    codec: str
    camera_number: int
    salvaged: bool = False
    pinned: bool = False
    start_delay_s: float = 0.0
    missing_s: float = 0.0
    camera_name: str | None = None
    damaged: bool = False


class Archive(Protocol):
    """Events and videos, for reading.

    Safe from any thread; holds no handle between calls, so that no reader blocks the
    writer. All raise `StoreUnavailable`; a video that is lost is `DataLost`.
    """

    def list_events(self, *, after: int | None, limit: int) -> Sequence[EventRecord]:
        """List events.

        With `after`, those behind that cursor, oldest first; else the latest, newest
        first.
        """

    def list_media(
        self, *, limit: int, event_id: str | None = None, before: int | None = None
    ) -> Sequence[MediaRecord]:
        """The newest videos first, of one event if named, those before a video if named."""

    def find_media(self, media_id: int) -> MediaRecord | None:
        """One video, or None."""

    def read_video(self, media_id: int, *, offset: int, length: int) -> bytes:
        """At most `length` bytes of the MP4 from `offset`; empty past its end."""

    def read_preview(self, media_id: int, kind: PreviewKind) -> bytes | None:
        """Read a JPEG of a video; None without a video, or if it was stored without preview."""
