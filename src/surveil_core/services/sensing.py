"""The sensor service: edges in, events out (spec, section 1).

An accepted edge is in the journal before it is published, and goes out from there.
"""

from collections.abc import Callable, Sequence

from attrs import define, field

from surveil_core.backoff import Backoff
from surveil_core.chatter import Chatter, ChatterState, note_edge
from surveil_core.debounce import DebouncePolicy, DebounceState, Verdict, judge_edge
from surveil_core.errors import SensorUnavailable
from surveil_core.events import CLOCK_NOT_SET, SensorEvent, new_event_id
from surveil_core.messages import build_sensor_message
from surveil_core.notices import (
    EdgeIgnored,
    EventDetected,
    EventKept,
    EventPublished,
    SensorCalm,
    SensorChattering,
    SensorFailed,
    SensorReady,
)
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.clock import Clock
from surveil_core.ports.sensors import Edge, Sensors, SensorSpec
from surveil_core.services.dating import utc_of
from surveil_core.services.journaling import EventJournal
from surveil_core.services.publishing import JournalPublisher
from surveil_core.vocabulary import FACTS_BY_KIND

BACKLOG_STEP_S = 0.02
"""How often PUBACKs are looked for while more waits to go out."""


@define(kw_only=True)
class SensingService:
    """Turns the edges of one kind of sensor into events. One thread calls `step`.

    Sensors that cannot be had are tried again for ever; what is in the journal goes out
    meanwhile. So does what is left of a kind that has no `specs` any more.
    """

    service: str
    device_id: str
    specs: Sequence[SensorSpec]
    sensors: Sensors
    journal: EventJournal
    outflow: JournalPublisher
    clock: Clock
    announcer: Announcer
    random_bytes: Callable[[int], bytes]
    random_unit: Callable[[], float]
    backoff: Backoff = field(factory=lambda: Backoff(first_s=1.0))
    _is_watching: bool = field(default=False, init=False)
    _failures: int = field(default=0, init=False)
    _claim_at_s: float = field(default=float("-inf"), init=False)
    _states: dict[SensorSpec, DebounceState] = field(factory=dict, init=False)
    _chatter: dict[SensorSpec, ChatterState] = field(factory=dict, init=False)

    def step(self, timeout_s: float) -> None:
        """Wait for one edge and deal with it; publish what waits."""
        if self.outflow.has_more:
            timeout_s = min(timeout_s, BACKLOG_STEP_S)
        if self.specs and (self._is_watching or self._claim()):
            self._watch(timeout_s)
        else:
            self.clock.wait_s(timeout_s)
        self.outflow.pump()

    def _watch(self, timeout_s: float) -> None:
        """Wait for one edge and deal with it; lines that are gone are claimed anew."""
        try:
            edge = self.sensors.next_edge(timeout_s)
        except SensorUnavailable as error:
            self._is_watching = False
            self.sensors.close()
            self._note_failure(error)
            return
        if edge is not None:
            self._failures = 0
            self._judge(edge)

    def _claim(self) -> bool:
        """Take the lines, unless they have just been refused. Their warm-up begins then."""
        if self.clock.monotonic_s() < self._claim_at_s:
            return False
        try:
            self.sensors.open()
        except SensorUnavailable as error:
            self._note_failure(error)
            return False
        self._is_watching = True
        for spec in self.specs:
            self._states[spec] = DebounceState(started_at_s=self.clock.monotonic_s())
            self.announcer.announce(
                SensorReady(service=self.service, kind=spec.kind, sensor_name=spec.name)
            )
        return True

    def _note_failure(self, error: SensorUnavailable) -> None:
        self._failures += 1
        retry_in_s = self.backoff.delay_s(self._failures, self.random_unit())
        self._claim_at_s = self.clock.monotonic_s() + retry_in_s
        self.announcer.announce(
            SensorFailed(service=self.service, reason=str(error), retry_in_s=retry_in_s)
        )

    def _judge(self, edge: Edge) -> None:
        sensor = edge.sensor
        policy = DebouncePolicy(min_interval_s=sensor.min_interval_s, warm_up_s=sensor.warm_up_s)
        state = self._states.get(sensor) or DebounceState(started_at_s=edge.at_s)
        self._states[sensor], verdict = judge_edge(
            policy, state, active=edge.active, at_s=edge.at_s
        )
        if verdict is Verdict.RELEASED:
            return
        chatter = self._note_chatter(edge, verdict)
        if verdict is Verdict.ACCEPTED:
            self._publish(self._event_of(edge), sensor)
        elif chatter in (Chatter.NONE, Chatter.ENDS):
            self.announcer.announce(
                EdgeIgnored(service=self.service, sensor_name=sensor.name, verdict=verdict)
            )

    def _note_chatter(self, edge: Edge, verdict: Verdict) -> Chatter:
        sensor = edge.sensor
        before = self._chatter.get(sensor, ChatterState())
        self._chatter[sensor], chatter = note_edge(
            before, verdict, min_interval_s=sensor.min_interval_s, at_s=edge.at_s
        )
        if chatter is Chatter.BEGINS:
            self._tell_chatter(SensorChattering, sensor, self._chatter[sensor])
        elif chatter is Chatter.ENDS:
            self._tell_chatter(SensorCalm, sensor, before)
        return chatter

    def _tell_chatter(
        self,
        notice: type[SensorChattering | SensorCalm],
        sensor: SensorSpec,
        state: ChatterState,
    ) -> None:
        self.announcer.announce(
            notice(service=self.service, sensor_name=sensor.name, ignored_edges=state.ignored_edges)
        )

    def _event_of(self, edge: Edge) -> SensorEvent:
        occurred_at_utc = utc_of(edge.at_s, self.clock)
        facts = FACTS_BY_KIND[edge.sensor.kind]
        return SensorEvent(
            event_id=new_event_id(
                occurred_at_utc=occurred_at_utc, random_bytes=self.random_bytes(3)
            ),
            device_id=self.device_id,
            source=facts.source,
            type=facts.event_type,
            occurred_at_utc=occurred_at_utc,
            data={"gpio_pin": edge.sensor.pin, "state": edge.state},
            extra={} if self.clock.is_set() else CLOCK_NOT_SET,
        )

    def _publish(self, event: SensorEvent, sensor: SensorSpec) -> None:
        topic = FACTS_BY_KIND[sensor.kind].topic
        self.announcer.announce(
            EventDetected(
                service=self.service,
                kind=sensor.kind,
                event_id=event.event_id,
                gpio_pin=sensor.pin,
            )
        )
        if not self.journal.accept(topic, build_sensor_message(event)):
            return
        self.outflow.pump()
        handed_over = EventPublished if self.outflow.is_up_to_date else EventKept
        self.announcer.announce(
            handed_over(
                service=self.service,
                event_id=event.event_id,
                topic=topic,
                min_interval_s=sensor.min_interval_s,
            )
        )
