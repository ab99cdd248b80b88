"""Many backend bodies in one request, for a backend that says it takes them.

request   {"events": [<a body as for POST /api/events>, ...]}
answer    {"results": [{"status": 201, "event_id": "..."}, {"status": 400, "reason": "..."}]}

Each event is judged for itself, in order, and has its own result. The request is joined
from bytes as they are: nothing is parsed to be sent.
"""

from collections.abc import Iterable, Sequence

from surveil_core.delivery import BackendReply
from surveil_core.errors import BadMessage
from surveil_core.messages import (
    MAX_BODY_BYTES,
    MAX_BODY_DEPTH,
    BackendEvent,
    backend_event_of,
)
from surveil_core.strict_json import (
    check_tree,
    read_object,
    read_unchecked_object,
    write_object,
)

MAX_BULK_EVENTS = 500
"""As many bodies may come in one request, and each gets an answer of its own."""

MAX_BULK_BYTES = 8 * MAX_BODY_BYTES
"""Largest bulk body taken: 4 MiB, 500 events of 8 KiB each. What JSON says in few bytes may
take forty times as many once read, and the backend too runs on a Pi.
"""


class BulkTooLarge(BadMessage):
    """A bulk body has more events than are taken at once; fewer may succeed."""


def build_bulk_body(bodies: Iterable[bytes]) -> bytes:
    """Join backend bodies, as they are, into one for the bulk route."""
    return b'{"events":[' + b",".join(bodies) + b"]}"


def parse_bulk_body(payload: bytes) -> Sequence[BackendEvent | BadMessage]:
    """Read a bulk body: each event, or why it is none, in order.

    Raises `BadMessage` when the whole is no such body, `BulkTooLarge` when it has too many.
    """
    document = read_unchecked_object(payload, max_bytes=MAX_BULK_BYTES)
    items = document.get("events")
    if not isinstance(items, list):
        raise BadMessage(f"events is {items!r:.60}, expected a list of bodies")
    if len(items) > MAX_BULK_EVENTS:
        raise BulkTooLarge(f"events has {len(items)} bodies, at most {MAX_BULK_EVENTS} are taken")
    is_large = len(payload) > MAX_BODY_BYTES
    return [_event_or_refusal(item, is_large=is_large) for item in items]


def _event_or_refusal(item: object, *, is_large: bool) -> BackendEvent | BadMessage:
    try:
        return _bulk_item(item, is_large=is_large)
    except BadMessage as error:
        return error


def _bulk_item(item: object, *, is_large: bool) -> BackendEvent:
    if not isinstance(item, dict):
        raise BadMessage(f"event is {item!r:.60}, expected an object")
    check_tree(item, max_depth=MAX_BODY_DEPTH)
    if is_large and (size := len(write_object(item))) > MAX_BODY_BYTES:
        raise BadMessage(f"event has {size} bytes, at most {MAX_BODY_BYTES} are taken")
    return backend_event_of(item)


def parse_bulk_answer(payload: bytes, *, events: int) -> Sequence[BackendReply]:
    """Read the answer to a bulk body of so many events: a reply for each, in order.

    Raises `BadMessage` when it is anything else.
    """
    results = read_object(payload, max_bytes=MAX_BULK_BYTES).get("results")
    if not isinstance(results, list) or len(results) != events:
        raise BadMessage(f"results is {results!r:.60}, expected a list of {events}")
    return [_bulk_reply(result) for result in results]


def _bulk_reply(result: object) -> BackendReply:
    status = result.get("status") if isinstance(result, dict) else None
    if not isinstance(result, dict) or type(status) is not int or not 100 <= status <= 599:
        raise BadMessage(f"result is {result!r:.60}, expected an object with an HTTP status")
    reason = result.get("reason", "")
    if not isinstance(reason, str):
        raise BadMessage(f"reason is {reason!r:.60}, expected text")
    return BackendReply(status=status, text=reason)
