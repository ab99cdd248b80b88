"""The bridge: MQTT in, HTTP out (spec, section 2).

What arrives is in the outbox before its PUBACK leaves, and stays there until the backend
has it or will never take it. One transaction holds all that has come since the last one,
arrivals and answers alike.
"""

from collections.abc import Callable, Sequence

from attrs import define, field, frozen

from surveil_core.backoff import Backoff
from surveil_core.errors import StoreUnavailable
from surveil_core.events import SensorEvent
from surveil_core.notices import MessageReceived, OutboxFull, RepeatsIgnored, StoreFailed
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.broker import Delivery, Inbox
from surveil_core.ports.clock import Clock
from surveil_core.ports.dead_letters import DeadLetter
from surveil_core.ports.outbox import Arrival, ArrivedEvent, Committed, Outbox, OutboxChanges
from surveil_core.ports.wakeup import Wakeup
from surveil_core.services.dispatching import Dispatcher, Settled
from surveil_core.services.intake import sort_deliveries
from surveil_core.vocabulary import ALERT_TYPE_BY_EVENT_TYPE

GROUP_MESSAGES = 500
"""How many arrivals one transaction takes at most."""

GATHER_S = 0.01
"""How long answers wait for those behind them, to share one wait for the disk."""

GATHER_FROM_RUNS = 4
"""They wait only while so many runs are out, so that those who carry them have enough."""

HOLD_S = 2.0
"""How long a full outbox is left alone before what it would not take is offered again."""


@frozen
class _Arrivals:
    """Messages in hand: not acknowledged, since they are not in the outbox yet."""

    deliveries: Sequence[Delivery] = ()
    events: Sequence[tuple[Delivery, SensorEvent]] = ()
    dead: Sequence[DeadLetter] = ()


@define(kw_only=True)
class BridgingService:
    """Carries events to the backend. One thread calls `step`."""

    service: str = "bridge"
    inbox: Inbox
    outbox: Outbox
    dispatcher: Dispatcher
    wakeup: Wakeup
    clock: Clock
    announcer: Announcer
    random_unit: Callable[[], float]
    backoff: Backoff = field(factory=Backoff)
    _arrivals: _Arrivals = field(factory=_Arrivals, init=False)
    _settled: dict[str, Settled] = field(factory=dict, init=False)
    _failures: int = field(default=0, init=False)
    _commit_at_s: float = field(default=float("-inf"), init=False)
    _gather_until_s: float = field(default=float("-inf"), init=False)
    _offer_at_s: float = field(default=float("-inf"), init=False)
    _is_full: bool = field(default=False, init=False)
    _left_waiting: bool = field(default=False, init=False)

    def start(self) -> None:
        """Take up what an earlier life left in the outbox. Raises `StoreUnavailable`."""
        self.dispatcher.note_waiting(self.outbox.waiting_devices())

    def step(self, timeout_s: float) -> None:
        """Wait for messages or answers, write them down, then send what may go out."""
        self.wakeup.wait(self._wait_s(timeout_s))
        self._settle_results()
        if self.clock.monotonic_s() < self._commit_at_s:
            return
        self._gather()
        self._take_arrivals()
        try:
            self._commit()
            if self.outbox.changed_elsewhere():
                self.start()
            self.dispatcher.dispatch()
            self._bury_unsendable()
            self._failures = 0
        except StoreUnavailable as error:
            self._note_failure(error)

    def close(self) -> None:
        """Write down the answers that have come. Raises `StoreUnavailable`."""
        self._settle_results()
        if self._settled:
            self.outbox.commit(self._changes(with_arrivals=False))
            self._settled.clear()

    def _wait_s(self, timeout_s: float) -> float:
        at_s = self.clock.monotonic_s()
        if at_s < self._commit_at_s:
            return min(timeout_s, self._commit_at_s - at_s)
        if self._arrivals.deliveries:
            timeout_s = min(timeout_s, max(0.0, self._offer_at_s - at_s))
        return min(timeout_s, self.dispatcher.next_attempt_in_s())

    # --- what has come ----------------------------------------------------------------

    def _settle_results(self) -> None:
        for result in self.dispatcher.backend.take_results():
            self._settled[result.run.device_id] = self.dispatcher.settle(result)

    def _gather(self) -> None:
        """Soon after a commit, wait a moment for more answers, if many are to come.

        The devices that were answered stand still meanwhile, the others do not.
        """
        left_s = self._gather_until_s - self.clock.monotonic_s()
        runs_left = self.dispatcher.runs_out - len(self._settled)
        if left_s > 0 and self._settled and runs_left >= GATHER_FROM_RUNS:
            self.clock.wait_s(left_s)
            self._settle_results()

    def _take_arrivals(self) -> None:
        if self._arrivals.deliveries:
            self._left_waiting = True
            return  # what is in hand comes first, for the order's sake
        deliveries = self.inbox.receive(0, limit=GROUP_MESSAGES)
        found = sort_deliveries(deliveries, self.announcer, service=self.service)
        self._arrivals = _Arrivals(deliveries, found.events, found.dead)

    # --- writing it down --------------------------------------------------------------

    def _commit(self) -> None:
        is_offering = self._arrivals.deliveries and self.clock.monotonic_s() >= self._offer_at_s
        if not is_offering and not self._settled:
            return
        committed = self.outbox.commit(self._changes())
        self._gather_until_s = self.clock.monotonic_s() + GATHER_S
        settled, self._settled = self._settled, {}
        self.dispatcher.finish(settled)
        self._acknowledge(committed)
        self._announce_full(committed)

    def _changes(self, *, with_arrivals: bool = True) -> OutboxChanges:
        arrivals = self._arrivals if with_arrivals else _Arrivals()
        settled = self._settled.values()
        return OutboxChanges(
            arrived=[
                ArrivedEvent(event=event, topic=delivery.topic, payload=delivery.payload)
                for delivery, event in arrivals.events
            ],
            dead=arrivals.dead,
            delivered=[entry_id for one in settled for entry_id in one.delivered],
            refused=[entry for one in settled for entry in one.refused],
            at_utc=self.clock.now_utc(),
        )

    def _bury_unsendable(self) -> None:
        refused = self.dispatcher.unsendable()
        if refused:
            self.outbox.commit(OutboxChanges(refused=refused, at_utc=self.clock.now_utc()))
            self.dispatcher.forget_unsendable()

    def _acknowledge(self, committed: Committed) -> None:
        """Send the PUBACKs of all but what a full outbox left with the broker."""
        verdicts = zip(self._arrivals.events, committed.arrivals, strict=True)
        held = [pair for pair, verdict in verdicts if verdict is Arrival.HELD]
        taken = self._arrivals.events[: len(self._arrivals.events) - len(held)]
        held_deliveries = [delivery for delivery, _ in held]
        self.inbox.acknowledge(
            [one for one in self._arrivals.deliveries if one not in held_deliveries]
        )
        self._arrivals = _Arrivals(held_deliveries, held, ())
        self._announce_taken(taken, committed.arrivals)
        self.dispatcher.note_waiting(event.device_id for _, event in taken)
        if held:
            self._offer_at_s = self.clock.monotonic_s() + HOLD_S
        elif self._left_waiting:
            self._left_waiting = False
            self.wakeup.ring()  # those behind have rung already, in vain

    def _announce_taken(
        self, taken: Sequence[tuple[Delivery, SensorEvent]], verdicts: Sequence[Arrival]
    ) -> None:
        known = list(zip(taken, verdicts, strict=False))
        news = [pair for pair, verdict in known if verdict is Arrival.NEW]
        self.announcer.announce(
            *(self._received(event, delivery.topic) for delivery, event in news)
        )
        if len(news) < len(known):
            repeats = len(known) - len(news)
            self.announcer.announce(RepeatsIgnored(service=self.service, messages=repeats))

    def _received(self, event: SensorEvent, topic: str) -> MessageReceived:
        return MessageReceived(
            service=self.service,
            topic=topic,
            event_id=event.event_id,
            event_type=event.type,
            alert_type=ALERT_TYPE_BY_EVENT_TYPE[event.type],
        )

    def _announce_full(self, committed: Committed) -> None:
        """Say what was given up, each time; and once that messages stay with the broker."""
        held_events = len(self._arrivals.events)
        was_full, self._is_full = self._is_full, held_events > 0
        if committed.dropped_waiting or committed.dropped_dead or (held_events and not was_full):
            self.announcer.announce(
                OutboxFull(
                    service=self.service,
                    held_events=held_events,
                    dropped_events=committed.dropped_waiting,
                    dropped_letters=committed.dropped_dead,
                )
            )

    def _note_failure(self, error: StoreUnavailable) -> None:
        self._failures += 1
        retry_in_s = self.backoff.delay_s(self._failures, self.random_unit())
        self._commit_at_s = self.clock.monotonic_s() + retry_in_s
        self.announcer.announce(
            StoreFailed(service=self.service, reason=str(error), retry_in_s=retry_in_s)
        )
