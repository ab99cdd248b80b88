"""Bulk bodies and their answers, good and bad."""

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil_core.bulk import (
    MAX_BULK_BYTES,
    MAX_BULK_EVENTS,
    BulkTooLarge,
    build_bulk_body,
    parse_bulk_answer,
    parse_bulk_body,
)
from surveil_core.delivery import BackendReply
from surveil_core.errors import BadMessage
from surveil_core.messages import MAX_BODY_BYTES, build_backend_body, parse_backend_body
from surveil_core.strict_json import MAX_DEPTH
from tests.examples import BACKEND_DOCUMENT, BACKEND_EVENT, MOTION_EVENT

MINIMAL = b'{"type":"motion_detected","device_id":"test"}'


def nested(levels: int) -> bytes:
    """Write a body whose details nest so many levels deep."""
    return MINIMAL[:-1] + b',"details":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"


def test_bodies_come_back_as_they_were_joined() -> None:
    """The bytes go as they are, and the backend reads what it would have read singly."""
    bodies = [build_backend_body(MOTION_EVENT, topic="sensor/motion"), MINIMAL]
    joined = build_bulk_body(bodies)
    assert joined == b'{"events":[' + bodies[0] + b"," + bodies[1] + b"]}"
    first, second = parse_bulk_body(joined)
    assert first == BACKEND_EVENT
    assert not isinstance(second, BadMessage)
    assert second.device_id == "test"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{}", "field 'type' is missing"),
        (b"[]", "event is [], expected an object"),
        (b"null", "event is None, expected an object"),
        (b'{"type":"smoke","device_id":"a"}', "type is 'smoke'"),
        (b'{"type":"motion_detected","device_id":"\\ud800"}', "lone surrogate"),
        (MINIMAL[:-1] + b',"details":{"a":1e999}}', "beyond the range"),
        (nested(MAX_DEPTH), "deeper than 33 levels"),
        (MINIMAL[:-1] + b',"pad":"' + b"x" * MAX_BODY_BYTES + b'"}', f"at most {MAX_BODY_BYTES}"),
    ],
)
def test_a_bad_event_does_not_spoil_the_others(body: bytes, reason: str) -> None:
    """Each event is judged as if it had come alone."""
    before, bad, after = parse_bulk_body(build_bulk_body([MINIMAL, body, nested(MAX_DEPTH - 1)]))
    assert not isinstance(before, BadMessage)
    assert isinstance(bad, BadMessage)
    assert reason in str(bad)
    assert not isinstance(after, BadMessage)
    with pytest.raises(BadMessage):
        parse_backend_body(body)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b"[]", "expected an object"),
        (b"{}", "events is None, expected a list"),
        (b'{"events":{}}', "events is {}, expected a list"),
        (b'{"events":[NaN]}', "NaN is not a JSON number"),
        (b" " * (MAX_BULK_BYTES + 1), f"at most {MAX_BULK_BYTES} are taken"),
    ],
)
def test_what_is_no_bulk_is_refused_whole(payload: bytes, reason: str) -> None:
    """The refusal says what is wrong with the whole."""
    with pytest.raises(BadMessage, match=re.escape(reason)):
        parse_bulk_body(payload)


def test_as_many_events_as_agreed_and_not_one_more() -> None:
    """The limit that a backend tells is the one it keeps."""
    assert len(parse_bulk_body(build_bulk_body([MINIMAL] * MAX_BULK_EVENTS))) == MAX_BULK_EVENTS
    with pytest.raises(BulkTooLarge, match="501 bodies, at most 500"):
        parse_bulk_body(build_bulk_body([MINIMAL] * (MAX_BULK_EVENTS + 1)))


def test_an_answer_has_a_reply_for_each_event() -> None:
    """Statuses and reasons come in order; other fields are the backend's own."""
    answer = b'{"results":[{"status":201,"event_id":"a"},{"status":400,"reason":"smells"}],"x":1}'
    assert list(parse_bulk_answer(answer, events=2)) == [
        BackendReply(status=201),
        BackendReply(status=400, text="smells"),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"results": None},
        {"results": []},
        {"results": [{"status": 201}, {"status": 201}]},
        {"results": [201]},
        {"results": [{}]},
        {"results": [{"status": "201"}]},
        {"results": [{"status": True}]},
        {"results": [{"status": 99}]},
        {"results": [{"status": 600}]},
        {"results": [{"status": 400, "reason": None}]},
    ],
)
def test_an_answer_of_another_form_is_refused(answer: Any) -> None:
    """A list of other length or kind says nothing certain about any event."""
    with pytest.raises(BadMessage):
        parse_bulk_answer(json.dumps(answer).encode(), events=1)


@given(payload=st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_bad_message(payload: bytes) -> None:
    """Whatever arrives, both readers answer with a value or `BadMessage`."""
    for garbled in (payload, json.dumps(BACKEND_DOCUMENT).encode() + payload):
        with suppress(BadMessage):
            parse_bulk_body(garbled)
        with suppress(BadMessage):
            parse_bulk_answer(garbled, events=1)
