"""Sends waiting events to the backend: each device in order, several devices at once.

A device has one run out at a time. A run is taken from the outbox when it goes out, so a
week's backlog needs no memory here, and its events leave the outbox when the bridge has
committed what `settle` says.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from attrs import define, field, frozen

from surveil_core.bulk import MAX_BULK_EVENTS
from surveil_core.circuit import (
    Circuit,
    CircuitPolicy,
    Permission,
    after_failure,
    after_sending,
    after_success,
)
from surveil_core.delivery import Outcome, judge_reply
from surveil_core.errors import BadMessage
from surveil_core.lane import Lane, lane_after_failure, lane_after_outage, lane_after_success
from surveil_core.messages import build_backend_body, idempotency_key, parse_sensor_message
from surveil_core.notices import (
    BulkDeclined,
    BulkDelivered,
    BulkStarting,
    Notice,
    PostDelivered,
    PostPostponed,
    PostRefused,
    PostStarting,
)
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.backend import Backend, Posting, Run, RunResult
from surveil_core.ports.clock import Clock
from surveil_core.ports.outbox import Outbox, OutboxEntry

RUN_EVENTS = 8
"""How many events a run has at most, but for bulk: what a crash lets the backend see twice."""

RUN_BYTES = 1024 * 1024
BULK_FROM_EVENTS = 5
"""From how many waiting events of a device on one request carries them all."""

BULK_PAUSE_S = 600.0
"""How long a backend is spared bulk requests after it refused one."""

BULK_RETRY_S = 30.0
"""How long single events are sent after a bulk request that failed for now."""


@frozen(kw_only=True)
class Settled:
    """What a result means for the outbox: entries that are delivered, or refused and why."""

    delivered: Sequence[int]
    refused: Sequence[tuple[int, str]]


@define(kw_only=True)
class Dispatcher:
    """Decides what goes out when. One thread calls it; it never waits."""

    service: str
    outbox: Outbox
    backend: Backend
    clock: Clock
    announcer: Announcer
    random_unit: Callable[[], float]
    policy: CircuitPolicy = field(factory=CircuitPolicy)
    _ready: dict[str, None] = field(factory=dict, init=False)
    _out: set[str] = field(factory=set, init=False)
    _lanes: dict[str, Lane] = field(factory=dict, init=False)
    _circuit: Circuit = field(factory=Circuit, init=False)
    _bulk_limit: int = field(default=0, init=False)
    _bulk_again_at_s: float = field(default=float("-inf"), init=False)
    _unsendable: dict[int, tuple[str, str]] = field(factory=dict, init=False)

    @property
    def runs_out(self) -> int:
        """How many runs have gone out and are not finished."""
        return len(self._out)

    def note_waiting(self, device_ids: Iterable[str]) -> None:
        """Name devices that have, or may have, waiting events."""
        for device_id in device_ids:
            if device_id not in self._out:
                self._ready.setdefault(device_id)

    def dispatch(self) -> None:
        """Send what may go out now. Raises `StoreUnavailable`."""
        at_s = self.clock.monotonic_s()
        for device_id in self._due_devices(at_s):
            has_failed = self._lane(device_id).failures > 0
            permission = self._circuit.permission(at_s=at_s, has_failed=has_failed)
            if permission is Permission.NOTHING or len(self._out) >= self.backend.max_runs:
                return
            probes = permission is Permission.ONE_PROBE
            run = self._next_run(device_id, only_one=probes)
            del self._ready[device_id]
            if run is not None:
                self._send(run)

    def settle(self, result: RunResult) -> Settled:
        """Judge what became of a run; the device stays out until `finish` is called."""
        delivered: list[int] = []
        refused: list[tuple[int, str]] = []
        for posting, reply in zip(result.run.postings, result.replies, strict=False):
            match judge_reply(reply):
                case Outcome.DELIVERED:
                    delivered.append(posting.entry_id)
                case Outcome.REFUSED:
                    refused.append((posting.entry_id, f"HTTP {reply.status}: {reply.text}"))
        self.announcer.announce(*self._told_by_replies(result))
        if result.run.as_bulk:
            self._announce_bulk(result, len(delivered), len(refused))
        self._learn(result, settled=len(delivered) + len(refused))
        return Settled(delivered=delivered, refused=refused)

    def unsendable(self) -> Sequence[tuple[int, str]]:
        """Name the entries that an earlier release took and this one cannot read, and why."""
        return [(entry_id, reason) for entry_id, (_, reason) in self._unsendable.items()]

    def forget_unsendable(self) -> None:
        """Go on with what waits behind them: they are in the outbox no more."""
        self.note_waiting(device_id for device_id, _ in self._unsendable.values())
        self._unsendable.clear()

    def finish(self, device_ids: Iterable[str]) -> None:
        """Let devices have their next run: what `settle` said is in the outbox now."""
        for device_id in device_ids:
            self._out.discard(device_id)
            self._ready[device_id] = None

    def next_attempt_in_s(self) -> float:
        """Seconds until something may go out that may not now; infinite if nothing waits."""
        at_s = self.clock.monotonic_s()
        if not self._ready or len(self._out) >= self.backend.max_runs:
            return float("inf")
        if self._circuit.probing:
            return float("inf")
        if self._circuit.open_until_s is not None:
            (first, *_) = self._due_devices(at_s)
            has_failed = self._lane(first).failures > 0
            may_go = self._circuit.permission(at_s=at_s, has_failed=has_failed)
            is_now = may_go is not Permission.NOTHING
            return 0.0 if is_now else max(0.0, self._circuit.open_until_s - at_s)
        return max(0.0, min(self._lane(device).retry_at_s for device in self._ready) - at_s)

    # --- sending ----------------------------------------------------------------------

    def _due_devices(self, at_s: float) -> Sequence[str]:
        """List devices in turn.

        A probe goes out whatever a device's own pause, and first for those with the fewest
        failures: one whose event makes the backend fail must not speak for the others.
        """
        if self._circuit.open_until_s is not None:
            return sorted(self._ready, key=lambda device: self._lane(device).failures)
        return [device for device in self._ready if self._lane(device).is_due(at_s=at_s)]

    def _next_run(self, device_id: str, *, only_one: bool) -> Run | None:
        bulk_limit = self._bulk_limit_now()
        limit = 1 if only_one else max(RUN_EVENTS, bulk_limit)
        entries = self.outbox.next_entries(device_id, limit=limit, max_bytes=RUN_BYTES)
        as_bulk = bulk_limit > 0 and len(entries) >= BULK_FROM_EVENTS
        chosen = entries[: bulk_limit if as_bulk else RUN_EVENTS]
        postings = tuple(self._postings(chosen))
        if not postings:
            return None
        return Run(
            device_id=device_id,
            postings=postings,
            timeout_s=self._lane(device_id).timeout_s,
            as_bulk=as_bulk,
        )

    def _postings(self, entries: Iterable[OutboxEntry]) -> Iterator[Posting]:
        for entry in entries:
            try:
                yield _posting(entry)
            except BadMessage as error:
                self._unsendable[entry.entry_id] = (entry.device_id, str(error))

    def _bulk_limit_now(self) -> int:
        return self._bulk_limit if self.clock.monotonic_s() >= self._bulk_again_at_s else 0

    def _send(self, run: Run) -> None:
        self._out.add(run.device_id)
        self._circuit = after_sending(self._circuit)
        self.announcer.announce(*self._starting(run))
        self.backend.submit(run)

    def _starting(self, run: Run) -> Sequence[Notice]:
        url = self.backend.url
        if run.as_bulk:
            return [
                BulkStarting(
                    service=self.service,
                    backend_url=url,
                    events=len(run.postings),
                    device_id=run.device_id,
                )
            ]
        return [
            PostStarting(service=self.service, backend_url=url, event_id=posting.event_id)
            for posting in run.postings
        ]

    # --- judging ----------------------------------------------------------------------

    def _learn(self, result: RunResult, *, settled: int) -> None:
        """Close or open the circuit and the device's lane by what a run met."""
        self._learn_bulk(result, is_whole=settled == len(result.run.postings))
        if settled:
            self._note_success(result.run.device_id)
        if result.run.as_bulk and result.bulk_limit == 0:
            return
        if settled < len(result.run.postings):
            self._note_failure(result, settled)

    def _learn_bulk(self, result: RunResult, *, is_whole: bool) -> None:
        if result.bulk_limit == 0:
            self._bulk_again_at_s = self.clock.monotonic_s() + BULK_PAUSE_S
        elif result.run.as_bulk and not is_whole:
            self._bulk_again_at_s = self.clock.monotonic_s() + BULK_RETRY_S
        elif result.bulk_limit is not None and result.bulk_limit >= BULK_FROM_EVENTS:
            self._bulk_limit = min(result.bulk_limit, MAX_BULK_EVENTS)

    def _note_success(self, device_id: str) -> None:
        """Close the circuit. Devices that failed while the backend was away need not wait on."""
        if self._circuit.open_until_s is not None:
            patience = self.policy.open_after
            self._lanes = {
                key: lane_after_outage(lane) if lane.failures < patience else lane
                for key, lane in self._lanes.items()
            }
        lane = lane_after_success(self._lanes.pop(device_id, Lane()))
        if lane != Lane():
            self._lanes[device_id] = lane
        self._circuit = after_success(self._circuit)

    def _note_failure(self, result: RunResult, settled: int) -> None:
        at_s, chance = self.clock.monotonic_s(), self.random_unit()
        last = result.replies[-1] if settled < len(result.replies) else None
        retry_after_s = last.retry_after_s if last else None
        device_id = result.run.device_id
        self._circuit = after_failure(
            self.policy,
            self._circuit,
            at_s=at_s,
            chance=chance,
            answered=last is not None,
            retry_after_s=retry_after_s,
        )
        lane = lane_after_failure(
            self.policy.backoff,
            self._lane(device_id),
            at_s=at_s,
            chance=chance,
            retry_after_s=retry_after_s,
            timed_out=result.timed_out,
        )
        self._lanes[device_id] = lane
        self.announcer.announce(
            PostPostponed(
                service=self.service,
                backend_url=self.backend.url,
                event_id=result.run.postings[settled].event_id,
                reason=f"HTTP {last.status}" if last else result.failure or "no answer",
                retry_in_s=(self._circuit.open_until_s or lane.retry_at_s) - at_s,
            )
        )

    def _told_by_replies(self, result: RunResult) -> Iterator[Notice]:
        """Say each refusal, and each delivery but for those of a bulk."""
        run = result.run
        for posting, reply in zip(run.postings, result.replies, strict=False):
            outcome = judge_reply(reply)
            if outcome is Outcome.REFUSED:
                yield PostRefused(
                    service=self.service,
                    backend_url=self.backend.url,
                    event_id=posting.event_id,
                    status=reply.status,
                    reason=reply.text,
                )
            elif outcome is Outcome.DELIVERED and not run.as_bulk:
                yield PostDelivered(
                    service=self.service, status=reply.status, event_id=posting.event_id
                )

    def _announce_bulk(self, result: RunResult, delivered: int, refused: int) -> None:
        if result.bulk_limit == 0:
            self.announcer.announce(
                BulkDeclined(
                    service=self.service,
                    backend_url=self.backend.url,
                    reason=result.failure or "no reason given",
                )
            )
        elif delivered or refused:
            self.announcer.announce(
                BulkDelivered(
                    service=self.service,
                    delivered=delivered,
                    refused=refused,
                    device_id=result.run.device_id,
                )
            )

    def _lane(self, device_id: str) -> Lane:
        return self._lanes.get(device_id) or Lane()


def _posting(entry: OutboxEntry) -> Posting:
    event = parse_sensor_message(entry.payload)
    return Posting(
        entry_id=entry.entry_id,
        event_id=entry.event_id,
        idempotency_key=idempotency_key(event),
        body=build_backend_body(event, topic=entry.topic),
    )
