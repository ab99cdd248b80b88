"""The cloud, as the bridge sees it: runs of events go out, their results come back."""

from collections.abc import Sequence
from typing import Protocol

from attrs import field, frozen

from surveil_core.delivery import BackendReply


@frozen(kw_only=True)
class Posting:
    """One event on its way. `body` is the HTTP body of `POST /api/events`."""

    entry_id: int
    event_id: str
    idempotency_key: str
    body: bytes = field(repr=False)


@frozen(kw_only=True)
class Run:
    """Consecutive events of one device, sent in order by one connection.

    `timeout_s` is the longest silence of the backend. With `as_bulk`, one request has all.
    """

    device_id: str
    postings: tuple[Posting, ...]
    timeout_s: float
    as_bulk: bool = False


@frozen(kw_only=True)
class RunResult:
    """What became of a run.

    `replies` belong to the first postings, in order. A run ends early after a reply that
    asks to wait (it is the last of `replies`), and where there was no answer: `failure`
    says why then, and `timed_out` whether it was silence. `bulk_limit` is how many events
    the backend takes in one request, where it said so.
    """

    run: Run
    replies: tuple[BackendReply, ...] = ()
    failure: str | None = None
    timed_out: bool = False
    bulk_limit: int | None = None


class Backend(Protocol):
    """Sends several runs at once. Its methods are called from one thread and never wait."""

    url: str
    max_runs: int
    """How many runs may be out at a time."""

    def submit(self, run: Run) -> None:
        """Begin to send a run. Raises `ValueError` when `max_runs` are out already."""

    def take_results(self) -> Sequence[RunResult]:
        """Hand over the runs that have ended since the last call, in that order."""

    def close(self) -> None:
        """Drop connections, and the runs that are out. Closing twice is safe."""
