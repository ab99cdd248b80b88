"""What the measured backend and the one who commands it both know."""

from attrs import field, frozen, validators

EVENTS_PATH = "/api/events"
BULK_PATH = "/api/events/bulk"
BULK_MAX_EVENTS = 500
BULK_HEADER = f"Surveil-Bulk-Limit: {BULK_MAX_EVENTS}\r\n"
"""How a backend says that it takes many events at once: on the answer to a single one.

The bulk body is `{"events": [BODY, ...]}`, the answer `{"results": [{"status": 201}, ...]}`
in the same order.
"""

KINDS = ("ok", "status", "refuse", "hang", "cut")

Record = tuple[float, str, str, float, bool]
"""Arrived (s), device id, event id, published (s), whether it was new."""


@frozen(kw_only=True)
class Mode:
    """How requests are treated.

    ok       stored, answered 201 or 200 (known), after `delay_s`
    status   answered with `status`, not stored
    refuse   no connection is accepted, those open are cut
    hang     read, never answered, not stored
    cut      stored, then the connection is cut instead of an answer
    """

    kind: str = field(default="ok", validator=validators.in_(KINDS))
    delay_s: float = 0.0
    status: int = 503
    retry_after_s: int = 0
    is_bulk_offered: bool = False
