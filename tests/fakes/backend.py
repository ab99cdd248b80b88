"""A cloud that answers as a test says."""

import re
from collections import deque

from attrs import define, field

from surveil_core.delivery import BackendReply
from surveil_core.errors import BackendUnreachable


@define
class FakeBackend:
    """Implements `Backend`: gives `answers` in turn, then 201 for ever.

    An answer of text raises `BackendUnreachable` with it. `sent` holds each body with its
    idempotency key, whether it was answered or not.
    """

    url: str = "http://backend:8000/api/events"
    answers: deque[BackendReply | str] = field(factory=deque, converter=deque)
    sent: list[tuple[bytes, str]] = field(factory=list, init=False)

    def send(self, body: bytes, idempotency_key: str) -> BackendReply:
        """Remember a body and answer."""
        if not re.fullmatch(r"[!-~]+", idempotency_key):
            raise ValueError(f"idempotency_key is {idempotency_key!r}, expected visible ASCII")
        self.sent.append((body, idempotency_key))
        answer = self.answers.popleft() if self.answers else BackendReply(status=201)
        if isinstance(answer, str):
            raise BackendUnreachable(f"{self.url}: {answer}")
        return answer

    def close(self) -> None:
        """Nothing to drop."""
