"""Values that many tests begin with: the spec's own event, and variations of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from surveil_core.events import EventType, PinState, SensorEvent, SensorKind
from surveil_core.messages import BackendEvent
from surveil_core.ports.camera import Clip
from surveil_core.ports.preview import ClipPreview
from surveil_core.ports.sensors import SensorSpec
from surveil_core.video import VideoFormat
from surveil_core.vocabulary import FACTS_BY_KIND, AlertType

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Recordings by others, beside the project; tests that read them skip where it is absent."""

RECEIVED_AT_UTC = datetime(2025, 1, 15, 14, 30, 45, 678000, tzinfo=UTC)

SENSOR_DOCUMENT: dict[str, Any] = {
    "event_id": "evt-1737123456-abc123",
    "device_id": "raspberry-1",
    "source": "PIR",
    "type": "MOTION_DETECTED",
    "data": {"gpio_pin": 17, "state": "HIGH"},
    "timestamp": "2025-01-15T14:30:45.123456",
}
"""The spec's MQTT message, section 1."""

BACKEND_DOCUMENT: dict[str, Any] = {
    "type": "motion_detected",
    "device_id": "raspberry-1",
    "details": {
        "event_id": "evt-1737123456-abc123",
        "source": "PIR",
        "data": {"gpio_pin": 17, "state": "HIGH"},
        "original_timestamp": "2025-01-15T14:30:45.123456",
        "mqtt_topic": "sensor/motion",
    },
}
"""The spec's HTTP body, section 2."""

BROWSER_DOCUMENT: dict[str, Any] = {
    "device_id": "raspberry-1",
    "timestamp": "2025-01-15T14:30:45.678Z",
    "location": "Entrée",
    "details": {"event_id": "evt-1737123456-abc123", "source": "PIR"},
}
"""The spec's Socket.IO payload, section 5."""

MOTION_EVENT = SensorEvent(
    event_id="evt-1737123456-abc123",
    device_id="raspberry-1",
    source="PIR",
    type=EventType.MOTION_DETECTED,
    occurred_at_utc=datetime(2025, 1, 15, 14, 30, 45, 123456, tzinfo=UTC),
    data={"gpio_pin": 17, "state": PinState.HIGH},
)
"""What `SENSOR_DOCUMENT` says."""

BACKEND_EVENT = BackendEvent(
    type=AlertType.MOTION_DETECTED,
    device_id="raspberry-1",
    event_id="evt-1737123456-abc123",
    source="PIR",
    original_timestamp="2025-01-15T14:30:45.123456",
    mqtt_topic="sensor/motion",
    details=BACKEND_DOCUMENT["details"],
)
"""What `BACKEND_DOCUMENT` says."""

SENSORS = tuple(
    SensorSpec(
        kind=kind,
        name=FACTS_BY_KIND[kind].default_name,
        pin=FACTS_BY_KIND[kind].default_pin,
        location="Entrée",
    )
    for kind in SensorKind
)
"""The default configuration's sensors."""


def event_number(number: int, kind: SensorKind = SensorKind.MOTION) -> SensorEvent:
    """Build the event that happened `number` seconds after the spec's, with its own id."""
    facts = FACTS_BY_KIND[kind]
    return evolve(
        MOTION_EVENT,
        event_id=f"evt-{1737123456 + number}-{number:06x}",
        source=facts.source,
        type=facts.event_type,
        occurred_at_utc=MOTION_EVENT.occurred_at_utc + timedelta(seconds=number),
        data={"gpio_pin": facts.default_pin, "state": PinState.HIGH},
    )


@frozen(kw_only=True)
class ExampleClip:
    """A clip by its bytes, and the places of its events in a list of events."""

    video: bytes
    event_indexes: tuple[int, ...]
    preview: ClipPreview | None = None


def clip_of(path: Path, video: bytes) -> Clip:
    """Write `video` to `path` and describe it as a clip of 10 s after 3 s of pre-roll."""
    path.write_bytes(video)
    return clip_at(path, clip_bytes=len(video))


def clip_at(path: Path, *, clip_bytes: int) -> Clip:
    """Describe a file, there or not, as a clip of 10 s after 3 s of pre-roll."""
    return Clip(
        video_path=path,
        clip_bytes=clip_bytes,
        duration_s=13.0,
        pre_roll_s=3.0,
        started_at_utc=MOTION_EVENT.occurred_at_utc - timedelta(seconds=3),
        format=VideoFormat(),
    )
