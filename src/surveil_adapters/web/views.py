"""The JSON of the HTTP API, as classes: Litestar writes them and documents them.

Times are UTC, ISO 8601 with `Z`; durations are seconds; sizes are bytes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from attrs import frozen

from surveil_core.ports.archive import ClipState, EventRecord, MediaRecord
from surveil_core.vocabulary import AlertType


@frozen(kw_only=True)
class EventView:
    """An event. `cursor` grows with every stored event.

    `clip_state` is `none` (no video was to be made), `awaited`, `stored`, or `given_up` for
    the reason in `no_video_reason`. The row of a `damaged` one holds a time that is none (null),
    or `data` that cannot be read (empty).
    """

    cursor: int
    event_id: str
    device_id: str
    type: AlertType
    source: str | None
    sensor_name: str | None
    location: str | None
    occurred_at: datetime | None
    received_at: datetime | None
    data: Mapping[str, Any]
    media_ids: Sequence[int]
    clip_state: ClipState
    no_video_reason: str | None
    damaged: bool


@frozen(kw_only=True)
class EventsView:
    """A part of the events."""

    events: Sequence[EventView]


@frozen(kw_only=True)
class MediaView:
    """A video. `started_at` is the first picture, `pre_roll_s` before the trigger.

    One whose camera had to be started begins `start_delay_s` after it instead. For `missing_s`
    the camera gave nothing between the first picture and the end that it was to have.
    The row of a `damaged` one holds a time that is none (null) or numbers that are none (0).

    A `salvaged` one was cut short by a crash or a full disk; its end may be missing. A
    `pinned` one is never deleted to make room.
    """

    media_id: int
    event_ids: Sequence[str]
    started_at: datetime | None
    duration_s: float
    pre_roll_s: float
    start_delay_s: float
    missing_s: float
    clip_bytes: int
    resolution: str
    codec: str
    camera_number: int
    camera_name: str | None
    salvaged: bool
    pinned: bool
    damaged: bool
    video_url: str
    thumbnail_url: str
    strip_url: str


@frozen(kw_only=True)
class MediaListView:
    """Videos, newest first."""

    media: Sequence[MediaView]


@frozen(kw_only=True)
class DeviceView:
    """A device that this address knows from its configuration.

    `recorded_types` are the alerts that it films; a video is there at the latest
    `video_within_s` after its event, so the page stops waiting then.
    """

    device_id: str
    location: str | None = None
    recorded_types: Sequence[AlertType] = ()
    video_within_s: float = 0.0


@frozen(kw_only=True)
class DevicesView:
    """The devices, and whether videos can be pinned at this address."""

    devices: Sequence[DeviceView]
    can_pin: bool


@frozen(kw_only=True)
class AcceptedView:
    """What became of a posted event: stored now, or known already."""

    event_id: str
    cursor: int
    status: Literal["new", "known"]


@frozen(kw_only=True)
class HealthView:
    """`ok`, or what is wrong."""

    status: str


def event_view(record: EventRecord) -> EventView:
    """Write an event for the API."""
    return EventView(
        cursor=record.cursor,
        event_id=record.event_id,
        device_id=record.device_id,
        type=record.type,
        source=record.source,
        sensor_name=record.sensor_name,
        location=record.location,
        occurred_at=record.occurred_at_utc,
        received_at=record.received_at_utc,
        data=dict(record.data),
        media_ids=list(record.media_ids),
        clip_state=record.clip_state,
        no_video_reason=record.no_video_reason,
        damaged=record.damaged,
    )


def media_view(record: MediaRecord) -> MediaView:
    """Write a video for the API."""
    address = f"/api/media/{record.media_id}"
    return MediaView(
        media_id=record.media_id,
        event_ids=list(record.event_ids),
        started_at=record.started_at_utc,
        duration_s=record.duration_s,
        pre_roll_s=record.pre_roll_s,
        start_delay_s=record.start_delay_s,
        missing_s=record.missing_s,
        clip_bytes=record.clip_bytes,
        resolution=record.resolution,
        codec=record.codec,
        camera_number=record.camera_number,
        camera_name=record.camera_name,
        salvaged=record.salvaged,
        pinned=record.pinned,
        damaged=record.damaged,
        video_url=f"{address}/video",
        thumbnail_url=f"{address}/thumbnail.jpg",
        strip_url=f"{address}/strip.jpg",
    )
