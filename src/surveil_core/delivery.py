"""What an HTTP answer of the backend means for the event that was sent (DESIGN, section 5)."""

import enum

from attrs import frozen

REFUSING_STATUSES = frozenset({400, 409, 413, 415, 422})
"""The backend will never take this body: sending it again cannot help."""


class Outcome(enum.Enum):
    """What to do with the event now."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    WAIT = "wait"


@frozen(kw_only=True)
class BackendReply:
    """An HTTP answer. `retry_after_s` is what the backend asked for, if it did."""

    status: int
    retry_after_s: float | None = None
    text: str = ""


def judge_reply(reply: BackendReply) -> Outcome:
    """2xx delivered; a body the backend cannot take refused; all else waits."""
    if 200 <= reply.status < 300:
        return Outcome.DELIVERED
    if reply.status in REFUSING_STATUSES:
        return Outcome.REFUSED
    return Outcome.WAIT
