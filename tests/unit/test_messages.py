"""The three wire forms: the spec's examples, what is refused, and the way there and back."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from surveil_core.errors import BadMessage
from surveil_core.events import EventType, PinState, SensorEvent
from surveil_core.messages import (
    MAX_BODY_BYTES,
    BackendEvent,
    BrowserAlert,
    build_backend_body,
    build_browser_alert,
    build_sensor_message,
    format_browser_timestamp,
    format_timestamp,
    idempotency_key,
    parse_backend_body,
    parse_browser_alert,
    parse_sensor_message,
    parse_timestamp,
)
from surveil_core.strict_json import MAX_DEPTH, MAX_MESSAGE_BYTES
from surveil_core.vocabulary import AlertType
from tests.examples import (
    BACKEND_DOCUMENT,
    BACKEND_EVENT,
    BROWSER_DOCUMENT,
    MOTION_EVENT,
    RECEIVED_AT_UTC,
    SENSOR_DOCUMENT,
)

MOTION_ALERT = BrowserAlert(
    type=AlertType.MOTION_DETECTED,
    device_id="raspberry-1",
    alerted_at_utc=RECEIVED_AT_UTC,
    location="Entrée",
    event_id="evt-1737123456-abc123",
    source="PIR",
)
FIELDS = tuple(SENSOR_DOCUMENT)
ABSENT = object()


def compact(document: dict[str, Any]) -> bytes:
    """Write JSON as the spec's shell examples do: nothing between the tokens."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def changed(document: dict[str, Any], path: str, value: object) -> bytes:
    """Write `document` with the field at `path` (`data.state`) replaced or taken out."""
    copy = json.loads(json.dumps(document))
    *folders, name = path.split(".")
    target = copy
    for folder in folders:
        target = target[folder]
    if value is ABSENT:
        del target[name]
    else:
        target[name] = value
    return compact(copy)


# --- the spec's examples ----------------------------------------------------------


def test_sensor_message_of_the_spec() -> None:
    """Section 1's message, read and written: same fields, same order, same bytes."""
    assert parse_sensor_message(compact(SENSOR_DOCUMENT)) == MOTION_EVENT
    assert build_sensor_message(MOTION_EVENT) == compact(SENSOR_DOCUMENT)


def test_backend_body_of_the_spec() -> None:
    """Section 2's body, read and written: same fields, same order, same bytes."""
    assert parse_backend_body(compact(BACKEND_DOCUMENT)) == BACKEND_EVENT
    assert build_backend_body(MOTION_EVENT, topic="sensor/motion") == compact(BACKEND_DOCUMENT)


def test_browser_alert_of_the_spec() -> None:
    """Section 5's payload, read and written."""
    assert build_browser_alert(MOTION_ALERT) == BROWSER_DOCUMENT
    assert list(build_browser_alert(MOTION_ALERT)) == list(BROWSER_DOCUMENT)
    assert parse_browser_alert("motion_detected", BROWSER_DOCUMENT) == MOTION_ALERT


def test_manual_message_of_the_spec() -> None:
    """The line that the spec has `mosquitto_pub` send is taken."""
    line = (
        b'{"event_id":"test-123","device_id":"raspberry-1","source":"PIR",'
        b'"type":"MOTION_DETECTED","data":{"gpio_pin":17,"state":"HIGH"},'
        b'"timestamp":"2025-01-15T14:30:45.123456"}'
    )
    assert parse_sensor_message(line) == evolve(MOTION_EVENT, event_id="test-123")


def test_minimal_body_of_the_spec() -> None:
    """The body that the spec has `curl` send is taken."""
    body = b'{"type":"motion_detected","device_id":"test"}'
    assert parse_backend_body(body) == BackendEvent(
        type=AlertType.MOTION_DETECTED, device_id="test", details={}
    )


def test_idempotency_key_is_device_and_id() -> None:
    """The header is `<device_id>/<event_id>`."""
    assert idempotency_key(MOTION_EVENT) == "raspberry-1/evt-1737123456-abc123"


# --- refusals ---------------------------------------------------------------------


@pytest.mark.parametrize("name", FIELDS)
def test_missing_field_is_named(name: str) -> None:
    """A message without one of the six fields says which and lists all."""
    with pytest.raises(BadMessage, match=f"field '{name}' is missing; needed are event_id"):
        parse_sensor_message(changed(SENSOR_DOCUMENT, name, ABSENT))


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        *[(name, value, f"{name} is ") for name in FIELDS for value in (None, 5, True, [1])],
        *[(name, {"a": 1}, f"{name} is ") for name in FIELDS if name != "data"],
        ("event_id", "", "event_id is '' (0 characters), expected 1 to 128"),
        ("event_id", "x" * 129, "(129 characters), expected 1 to 128"),
        ("device_id", "a\nb", "printable"),
        ("source", "\x1b[2J", "printable"),
        ("type", "", "expected one of MOTION_DETECTED, BUTTON_PRESSED, PRESSURE_DETECTED"),
        ("type", "motion_detected", "type is 'motion_detected', expected one of"),
        ("type", "DOOR_OPENED", "type is 'DOOR_OPENED', expected one of"),
        ("data", "HIGH", "data is 'HIGH', expected an object"),
        ("data.gpio_pin", "17", "data.gpio_pin is '17', expected a whole number 0 to 1023"),
        ("data.gpio_pin", True, "data.gpio_pin is True"),
        ("data.gpio_pin", 17.0, "data.gpio_pin is 17.0"),
        ("data.gpio_pin", -1, "data.gpio_pin is -1"),
        ("data.gpio_pin", 1024, "data.gpio_pin is 1024"),
        ("data.gpio_pin", None, "data.gpio_pin is None"),
        ("data.state", "high", "data.state is 'high', expected one of HIGH, LOW"),
        ("data.state", 1, "data.state is 1"),
        ("data.state", [], "data.state is []"),
        ("timestamp", "", "expected ISO 8601"),
        ("timestamp", "yesterday", "timestamp is 'yesterday', expected ISO 8601"),
        ("timestamp", "2025-02-30T00:00:00", "expected ISO 8601"),
        ("timestamp", "2025-01-15T14:30:45+25:00", "expected ISO 8601"),
        ("timestamp", "0001-01-01T00:00:00+01:00", "expected ISO 8601"),
        ("timestamp", "9999-12-31T23:59:59-01:00", "expected ISO 8601"),
        ("timestamp", "1" * 129, "expected ISO 8601"),
        ("timestamp", 1737123456.123, "timestamp is 1737123456.123"),
    ],
)
def test_illegal_field_is_refused(path: str, value: object, reason: str) -> None:
    """The refusal names the field, its value and what was expected."""
    with pytest.raises(BadMessage, match=re.escape(reason)):
        parse_sensor_message(changed(SENSOR_DOCUMENT, path, value))


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("type", ABSENT, "field 'type' is missing"),
        ("device_id", ABSENT, "field 'device_id' is missing"),
        ("type", "MOTION_DETECTED", "expected one of motion_detected, button_pressed"),
        ("type", None, "type is None"),
        ("type", {}, "type is {}"),
        ("device_id", "", "device_id is ''"),
        ("device_id", 7, "device_id is 7"),
        ("details", None, "details is None, expected an object"),
        ("details", [], "details is [], expected an object"),
        ("details.event_id", "", "details.event_id is ''"),
        ("details.event_id", 5, "details.event_id is 5"),
        ("details.source", "a\tb", "details.source is"),
        ("details.mqtt_topic", [], "details.mqtt_topic is []"),
        ("details.original_timestamp", "soon", "timestamp is 'soon'"),
        ("details.original_timestamp", 5, "timestamp is 5"),
    ],
)
def test_illegal_backend_body_is_refused(path: str, value: object, reason: str) -> None:
    """The backend says which field of a body it cannot take."""
    with pytest.raises(BadMessage, match=re.escape(reason)):
        parse_backend_body(changed(BACKEND_DOCUMENT, path, value))


@pytest.mark.parametrize("name", ["event_id", "source", "original_timestamp", "mqtt_topic", "data"])
def test_every_detail_of_a_body_may_be_absent(name: str) -> None:
    """A body may name less than the bridge does."""
    body = parse_backend_body(changed(BACKEND_DOCUMENT, f"details.{name}", ABSENT))
    assert name not in body.details


@pytest.mark.parametrize(
    ("name", "path", "value", "reason"),
    [
        ("alert", "location", None, "event name is 'alert'"),
        ("motion_detected", "device_id", None, "device_id is None"),
        ("motion_detected", "timestamp", "now", "timestamp is 'now'"),
        ("motion_detected", "timestamp", ABSENT, "timestamp is None"),
        ("motion_detected", "location", 5, "location is 5"),
        ("motion_detected", "details", [], "details is []"),
        ("motion_detected", "details.event_id", ABSENT, "details.event_id is None"),
    ],
)
def test_illegal_browser_alert_is_refused(name: str, path: str, value: object, reason: str) -> None:
    """A client of the backend learns which field breaks the contract."""
    payload = json.loads(changed(BROWSER_DOCUMENT, path, value))
    with pytest.raises(BadMessage, match=re.escape(reason)):
        parse_browser_alert(name, payload)


@given(payload=st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_bad_message(payload: bytes) -> None:
    """Whatever arrives, both readers answer with a value or `BadMessage`."""
    for parse in (parse_sensor_message, parse_backend_body):
        with suppress(BadMessage):
            parse(payload)


# --- there and back ---------------------------------------------------------------

PRINTABLE = st.text(min_size=1, max_size=128).filter(str.isprintable)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXT, JSON, max_size=4)
DATA = st.builds(
    lambda other, known: {**other, **known},
    OBJECTS.map(lambda d: {k: v for k, v in d.items() if k not in ("gpio_pin", "state")}),
    st.fixed_dictionaries(
        {}, optional={"gpio_pin": st.integers(0, 1023), "state": st.sampled_from(PinState)}
    ),
)
EVENTS = st.builds(
    SensorEvent,
    event_id=PRINTABLE,
    device_id=PRINTABLE,
    source=PRINTABLE,
    type=st.sampled_from(EventType),
    occurred_at_utc=st.datetimes(timezones=st.just(UTC)),
    data=DATA,
    extra=OBJECTS.map(lambda d: {k: v for k, v in d.items() if k not in FIELDS}),
)

ALERTS = st.builds(
    BrowserAlert,
    type=st.sampled_from(AlertType),
    device_id=PRINTABLE,
    alerted_at_utc=st.datetimes(timezones=st.just(UTC)).map(
        lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    ),
    location=st.none() | PRINTABLE,
    event_id=PRINTABLE,
    source=st.none() | PRINTABLE,
)


@given(event=EVENTS)
def test_sensor_message_comes_back_as_it_went(event: SensorEvent) -> None:
    """Every legal event survives its message, unknown fields included."""
    assert parse_sensor_message(build_sensor_message(event)) == event


@given(event=EVENTS)
def test_backend_takes_every_event(event: SensorEvent) -> None:
    """The backend reads of each body what the bridge wrote."""
    body = parse_backend_body(build_backend_body(event, topic="sensor/motion"))
    assert (body.device_id, body.event_id, body.source) == (*event.key, event.source)
    assert body.mqtt_topic == "sensor/motion"
    assert parse_timestamp(body.original_timestamp) == event.occurred_at_utc
    assert body.details["data"] == event.data
    known = {"event_id", "source", "data", "original_timestamp", "mqtt_topic"}
    assert all(body.details[name] == event.extra[name] for name in event.extra.keys() - known)


@given(alert=ALERTS)
def test_browser_alert_comes_back_to_the_millisecond(alert: BrowserAlert) -> None:
    """Every alert survives its payload; browsers count in milliseconds."""
    payload = json.loads(json.dumps(build_browser_alert(alert)))
    assert parse_browser_alert(alert.type.value, payload) == alert


def test_known_fields_cannot_be_overridden_by_extra() -> None:
    """An event built with a known name among its extra fields still writes its own."""
    event = evolve(MOTION_EVENT, extra={"event_id": "", "mqtt_topic": "x", "battery": 0.5})
    assert parse_sensor_message(build_sensor_message(event)).event_id == event.event_id
    body = parse_backend_body(build_backend_body(event, topic="sensor/motion"))
    assert (body.event_id, body.mqtt_topic) == (event.event_id, "sensor/motion")
    assert body.details["battery"] == 0.5


@pytest.mark.parametrize("name", ["unknown", "data"])
def test_backend_takes_the_deepest_message(name: str) -> None:
    """What the bridge accepts at the last level does not get too deep in the body."""
    levels = MAX_DEPTH - 2
    deepest: object = 1
    for _ in range(levels):
        deepest = {"a": deepest}
    event = parse_sensor_message(changed(SENSOR_DOCUMENT, name, deepest))
    assert parse_backend_body(build_backend_body(event, topic="sensor/motion")).event_id


@pytest.mark.parametrize("filling", [b"1e15", b'"\xc3\xa9"', b"1E-5", b'"\\u0000"', b"0.1"])
def test_backend_takes_the_largest_message(filling: bytes) -> None:
    """What fills 64 KiB for the bridge fits the backend however it is written anew."""
    head = compact(SENSOR_DOCUMENT)[:-1] + b',"filling":['
    count = (MAX_MESSAGE_BYTES - len(head) - 2) // (len(filling) + 1)
    payload = head + b",".join([filling] * count) + b"]}"
    assert MAX_MESSAGE_BYTES - 16 <= len(payload) <= MAX_MESSAGE_BYTES
    body = build_backend_body(parse_sensor_message(payload), topic="sensor/motion")
    assert len(body) <= MAX_BODY_BYTES
    assert len(parse_backend_body(body).details["filling"]) == count


# --- time stamps ------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-15T14:30:45.123456",
        "2025-01-15T14:30:45.123456Z",
        "2025-01-15T14:30:45.123456+00:00",
        "2025-01-15T15:30:45.123456+01:00",
        "2025-01-15T09:00:45.123456-05:30",
        "2025-01-15 14:30:45.123456",
    ],
)
def test_time_stamps_with_and_without_a_zone(text: str) -> None:
    """Without a zone it is UTC; offsets and `Z` name the same instant."""
    moment = parse_timestamp(text)
    assert moment == MOTION_EVENT.occurred_at_utc
    assert moment.tzinfo is UTC


@given(moment=st.datetimes(timezones=st.just(UTC)))
def test_time_stamp_comes_back_as_it_went(moment: datetime) -> None:
    """Microseconds survive the sensors' form; the length never varies."""
    assert parse_timestamp(format_timestamp(moment)) == moment
    assert len(format_timestamp(moment)) == 26


def test_whole_seconds_keep_their_digits() -> None:
    """A time on the second still shows microseconds, and milliseconds to browsers."""
    moment = datetime(2025, 1, 15, 14, 30, 45, tzinfo=UTC)
    assert format_timestamp(moment) == "2025-01-15T14:30:45.000000"
    assert format_browser_timestamp(moment) == "2025-01-15T14:30:45.000Z"
