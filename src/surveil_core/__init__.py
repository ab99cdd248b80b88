"""The decisions of an event-driven surveillance system, with nothing but attrs.

No I/O, no threads, no wall clock: functions take a state, an event and a time and
return what to do, so another project can use them around its own hardware.

    >>> from surveil_core import parse_sensor_message
    >>> event = parse_sensor_message(
    ...     b'{"event_id": "evt-1737123456-abc123", "device_id": "raspberry-1",'
    ...     b' "source": "PIR", "type": "MOTION_DETECTED",'
    ...     b' "data": {"gpio_pin": 17, "state": "HIGH"},'
    ...     b' "timestamp": "2025-01-15T14:30:45.123456"}'
    ... )
    >>> event.type.value, event.gpio_pin
    ('MOTION_DETECTED', 17)
"""

from surveil_core.backoff import Backoff
from surveil_core.debounce import DebouncePolicy, DebounceState, Verdict, judge_edge
from surveil_core.delivery import BackendReply, Outcome, judge_reply
from surveil_core.errors import BadMessage, SurveilError
from surveil_core.events import EventType, PinState, SensorEvent, SensorKind, new_event_id
from surveil_core.messages import (
    BackendEvent,
    BrowserAlert,
    build_backend_body,
    build_browser_alert,
    build_sensor_message,
    parse_backend_body,
    parse_browser_alert,
    parse_sensor_message,
)
from surveil_core.preroll import PreRollRing
from surveil_core.recording import ClipAction, ClipPlan, RecordingPolicy, plan_clip
from surveil_core.video import AccessUnit, VideoFormat
from surveil_core.vocabulary import ALERT_TYPE_BY_EVENT_TYPE, FACTS_BY_KIND, AlertType

__all__ = [
    "ALERT_TYPE_BY_EVENT_TYPE",
    "FACTS_BY_KIND",
    "AccessUnit",
    "AlertType",
    "BackendEvent",
    "BackendReply",
    "Backoff",
    "BadMessage",
    "BrowserAlert",
    "ClipAction",
    "ClipPlan",
    "DebouncePolicy",
    "DebounceState",
    "EventType",
    "Outcome",
    "PinState",
    "PreRollRing",
    "RecordingPolicy",
    "SensorEvent",
    "SensorKind",
    "SurveilError",
    "Verdict",
    "VideoFormat",
    "build_backend_body",
    "build_browser_alert",
    "build_sensor_message",
    "judge_edge",
    "judge_reply",
    "new_event_id",
    "parse_backend_body",
    "parse_browser_alert",
    "parse_sensor_message",
    "plan_clip",
]
