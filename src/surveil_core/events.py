"""What a sensor says: one accepted edge of one sensor, as a value.

Events are frozen and checked when built, so an event that exists is legal. The wire
forms are in `messages`, the decisions on edges in `debounce`.
"""

import enum
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

MAX_TEXT_CHARS = 128
"""Longest `event_id`, `device_id` or `source` taken; the spec's own have 12 to 25."""


class EventType(enum.StrEnum):
    """What happened, in the words of the sensor (spec, section 2, left column)."""

    MOTION_DETECTED = "MOTION_DETECTED"
    BUTTON_PRESSED = "BUTTON_PRESSED"
    PRESSURE_DETECTED = "PRESSURE_DETECTED"


class SensorKind(enum.StrEnum):
    """The sensors of the spec; names the topic, the client id and the service."""

    MOTION = "motion"
    BUTTON = "button"
    PRESSURE = "pressure"


class PinState(enum.StrEnum):
    """The electrical level of a line at the edge."""

    HIGH = "HIGH"
    LOW = "LOW"


CLOCK_NOT_SET: Mapping[str, Any] = MappingProxyType({"clock_synced": False})
"""Rides with an event whose time no time server stands behind. Others are the spec's alone."""


def _is_bounded_text(_: object, attribute: Any, value: str) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{attribute.name} is {value!r:.60}, expected text")
    if not 1 <= len(value) <= MAX_TEXT_CHARS or not value.isprintable():
        raise ValueError(
            f"{attribute.name} is {value[:60]!r} ({len(value)} characters), "
            f"expected 1 to {MAX_TEXT_CHARS} printable characters"
        )


def _is_utc(_: object, attribute: Any, value: datetime) -> None:
    if value.tzinfo is not UTC:
        raise ValueError(f"{attribute.name} is {value.isoformat()}, expected a time in UTC")


def _read_only(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(value))


@frozen(kw_only=True)
class SensorEvent:
    """One accepted edge.

    `occurred_at_utc` is the instant of the edge. `data` is the sensor's own detail
    (`gpio_pin`, `state`). `extra` holds top-level fields that we do not know and carry
    through. Raises `ValueError` or `TypeError` when a field is out of bounds.
    """

    event_id: str = field(validator=_is_bounded_text)
    device_id: str = field(validator=_is_bounded_text)
    source: str = field(validator=_is_bounded_text)
    type: EventType
    occurred_at_utc: datetime = field(validator=_is_utc)
    data: Mapping[str, Any] = field(factory=dict, converter=_read_only, hash=False)
    extra: Mapping[str, Any] = field(factory=dict, converter=_read_only, hash=False)

    @property
    def key(self) -> tuple[str, str]:
        """What makes an event the same event: `(device_id, event_id)`."""
        return self.device_id, self.event_id

    @property
    def clock_was_set(self) -> bool:
        """Whether its time can be believed: False where the device itself says that it cannot."""
        return self.extra.get("clock_synced") is not False

    @property
    def gpio_pin(self) -> int | None:
        """The BCM number of the line, where the sensor has one."""
        return self.data.get("gpio_pin")

    @property
    def state(self) -> PinState | None:
        """The level at the edge, where the sensor says it."""
        return self.data.get("state")


def new_event_id(*, occurred_at_utc: datetime, random_bytes: bytes) -> str:
    """Name an event `evt-<unix s>-<6 hex>` (spec, section 1).

    `random_bytes` are three, from a source that differs between processes.
    """
    if len(random_bytes) != 3:
        raise ValueError(f"random_bytes has {len(random_bytes)} bytes, expected 3")
    return f"evt-{int(occurred_at_utc.timestamp())}-{random_bytes.hex()}"
