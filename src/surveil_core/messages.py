"""The three wire forms of the spec, parsed and built.

sensor message   MQTT payload on `sensor/<kind>`                  spec, section 1
backend body     HTTP body of `POST /api/events`                  spec, sections 2 and 5
browser alert    Socket.IO payload, event named by the alert type spec, section 5

Readers refuse with `BadMessage`, naming the field, its value and what was expected.
Builders take values that are already legal and cannot fail.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import quote

from attrs import frozen

from surveil_core.errors import BadMessage
from surveil_core.events import MAX_TEXT_CHARS, EventType, PinState, SensorEvent
from surveil_core.strict_json import MAX_DEPTH, MAX_MESSAGE_BYTES, read_object, write_object
from surveil_core.vocabulary import ALERT_TYPE_BY_EVENT_TYPE, AlertType

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_SENSOR_FIELDS = ("event_id", "device_id", "source", "type", "data", "timestamp")
_MAX_GPIO_PIN = 1023

MAX_BODY_DEPTH = MAX_DEPTH + 1
"""Deepest nesting taken in a backend body: a message's data lies one level deeper there."""

MAX_BODY_BYTES = 8 * MAX_MESSAGE_BYTES
"""Largest backend body taken: whatever message the bridge took must fit once rewritten,
and `1e15` (4 bytes) becomes `1000000000000000.0` (18).
"""


@frozen(kw_only=True)
class BackendEvent:
    """What the backend is told: a mapped type, a device, and what the bridge knew.

    The spec's minimal body has `type` and `device_id` alone, so all else may be None.
    """

    type: AlertType
    device_id: str
    event_id: str | None = None
    source: str | None = None
    original_timestamp: str | None = None
    mqtt_topic: str | None = None
    details: Mapping[str, Any]


@frozen(kw_only=True)
class BrowserAlert:
    """What a browser is told at once. `alerted_at_utc` is the backend's reception."""

    type: AlertType
    device_id: str
    alerted_at_utc: datetime
    location: str | None
    event_id: str
    source: str | None


# --- sensor message ---------------------------------------------------------------


def parse_sensor_message(payload: bytes) -> SensorEvent:
    """Read an MQTT payload. Raises `BadMessage`; unknown fields go to `extra`."""
    document = read_object(payload)
    for name in _SENSOR_FIELDS:
        if name not in document:
            raise BadMessage(f"field {name!r} is missing; needed are {', '.join(_SENSOR_FIELDS)}")
    return _refusing(
        lambda: SensorEvent(
            event_id=document["event_id"],
            device_id=document["device_id"],
            source=document["source"],
            type=_member(EventType, "type", document["type"]),
            occurred_at_utc=parse_timestamp(document["timestamp"]),
            data=_parse_data(document["data"]),
            extra={k: v for k, v in document.items() if k not in _SENSOR_FIELDS},
        )
    )


def build_sensor_message(event: SensorEvent) -> bytes:
    """Write the MQTT payload of an event."""
    return write_object(
        {
            "event_id": event.event_id,
            "device_id": event.device_id,
            "source": event.source,
            "type": event.type.value,
            "data": dict(event.data),
            "timestamp": format_timestamp(event.occurred_at_utc),
            **{k: v for k, v in event.extra.items() if k not in _SENSOR_FIELDS},
        }
    )


def _parse_data(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadMessage(f"data is {value!r:.60}, expected an object")
    data = dict(value)
    if "gpio_pin" in data:
        pin = data["gpio_pin"]
        if type(pin) is not int or not 0 <= pin <= _MAX_GPIO_PIN:
            raise BadMessage(
                f"data.gpio_pin is {pin!r:.60}, expected a whole number 0 to {_MAX_GPIO_PIN}"
            )
    if "state" in data:
        data["state"] = _member(PinState, "data.state", data["state"])
    return data


# --- backend body -----------------------------------------------------------------


def build_backend_body(event: SensorEvent, *, topic: str) -> bytes:
    """Write the HTTP body for an event that came on `topic`."""
    return write_object(
        {
            "type": ALERT_TYPE_BY_EVENT_TYPE[event.type].value,
            "device_id": event.device_id,
            "details": {
                **event.extra,
                "event_id": event.event_id,
                "source": event.source,
                "data": dict(event.data),
                "original_timestamp": format_timestamp(event.occurred_at_utc),
                "mqtt_topic": topic,
            },
        }
    )


def idempotency_key(event: SensorEvent) -> str:
    """Name an event to the backend: `<device_id>/<event_id>`.

    Both are percent-encoded, since a header takes neither outer spaces nor all of Unicode.
    """
    return f"{quote(event.device_id, safe='')}/{quote(event.event_id, safe='')}"


def parse_backend_body(payload: bytes) -> BackendEvent:
    """Read a `POST /api/events` body, the spec's full form or its minimal one."""
    document = read_object(payload, max_bytes=MAX_BODY_BYTES, max_depth=MAX_BODY_DEPTH)
    return backend_event_of(document)


def backend_event_of(document: Mapping[str, Any]) -> BackendEvent:
    """Read a body that is parsed already, and its values checked."""
    for name in ("type", "device_id"):
        if name not in document:
            raise BadMessage(f"field {name!r} is missing; needed are type, device_id")
    details = document.get("details", {})
    if not isinstance(details, dict):
        raise BadMessage(f"details is {details!r:.60}, expected an object")
    original_timestamp = details.get("original_timestamp")
    if original_timestamp is not None:
        parse_timestamp(original_timestamp)
    return BackendEvent(
        type=_member(AlertType, "type", document["type"]),
        device_id=_text("device_id", document["device_id"]),
        event_id=_optional_text("details.event_id", details.get("event_id")),
        source=_optional_text("details.source", details.get("source")),
        original_timestamp=original_timestamp,
        mqtt_topic=_optional_text("details.mqtt_topic", details.get("mqtt_topic")),
        details=details,
    )


# --- browser alert ----------------------------------------------------------------


def build_browser_alert(alert: BrowserAlert) -> dict[str, Any]:
    """Write the Socket.IO payload; its event name is `alert.type`."""
    return {
        "device_id": alert.device_id,
        "timestamp": format_browser_timestamp(alert.alerted_at_utc),
        "location": alert.location,
        "details": {"event_id": alert.event_id, "source": alert.source},
    }


def parse_browser_alert(name: str, payload: Mapping[str, Any]) -> BrowserAlert:
    """Read a Socket.IO event, as a client of the backend does."""
    details = payload.get("details")
    if not isinstance(details, dict):
        raise BadMessage(f"details is {details!r:.60}, expected an object")
    location = payload.get("location")
    return BrowserAlert(
        type=_member(AlertType, "event name", name),
        device_id=_text("device_id", payload.get("device_id")),
        alerted_at_utc=parse_timestamp(payload.get("timestamp")),
        location=_optional_text("location", location),
        event_id=_text("details.event_id", details.get("event_id")),
        source=_optional_text("details.source", details.get("source")),
    )


# --- time stamps ------------------------------------------------------------------


def parse_timestamp(value: object) -> datetime:
    """Read ISO 8601; without a zone it is UTC (DESIGN: readers also take offsets and Z)."""
    if not isinstance(value, str) or len(value) > MAX_TEXT_CHARS:
        raise BadMessage(f"timestamp is {value!r:.60}, expected ISO 8601 text")
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadMessage(f"timestamp is {value!r:.60}, expected ISO 8601 text") from error


def maybe_timestamp(value: object) -> datetime | None:
    """Read ISO 8601; None for what is no time, as a damaged row may hold."""
    try:
        return parse_timestamp(value)
    except BadMessage:
        return None


def format_timestamp(moment: datetime) -> str:
    """Write a UTC time as the sensors do: microseconds, no zone."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")


def format_browser_timestamp(moment: datetime) -> str:
    """Write a UTC time as browsers get it: milliseconds and `Z`."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


# --- small readers ----------------------------------------------------------------


def _refusing(build: Callable[[], T]) -> T:
    try:
        return build()
    except (TypeError, ValueError) as error:
        if isinstance(error, BadMessage):
            raise
        raise BadMessage(str(error)) from error


def _member(kind: type[E], name: str, value: Any) -> E:
    try:
        return kind(value)
    except ValueError as error:
        allowed = ", ".join(kind)
        raise BadMessage(f"{name} is {value!r:.60}, expected one of {allowed}") from error


def _text(name: str, value: object) -> str:
    if isinstance(value, str) and 1 <= len(value) <= MAX_TEXT_CHARS and value.isprintable():
        return value
    raise BadMessage(
        f"{name} is {value!r:.60}, expected 1 to {MAX_TEXT_CHARS} printable characters"
    )


def _optional_text(name: str, value: object) -> str | None:
    return None if value is None else _text(name, value)
