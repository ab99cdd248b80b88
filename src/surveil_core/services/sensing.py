"""The sensor service: edges in, events out (spec, section 1).

An accepted edge is in the journal before it is published, and goes out from there.
"""

from collections.abc import Callable
from datetime import timedelta

from attrs import define, field

from surveil_core.debounce import DebouncePolicy, DebounceState, Verdict, judge_edge
from surveil_core.events import SensorEvent, new_event_id
from surveil_core.messages import build_sensor_message
from surveil_core.notices import (
    EdgeIgnored,
    EventDetected,
    EventKept,
    EventPublished,
)
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.clock import Clock
from surveil_core.ports.sensors import Edge, Sensors, SensorSpec
from surveil_core.services.journaling import EventJournal
from surveil_core.services.publishing import JournalPublisher
from surveil_core.vocabulary import FACTS_BY_KIND

BACKLOG_STEP_S = 0.02
"""How often PUBACKs are looked for while more waits to go out."""


@define(kw_only=True)
class SensingService:
    """Turns the edges of one kind of sensor into events. One thread calls `step`."""

    service: str
    device_id: str
    sensors: Sensors
    journal: EventJournal
    outflow: JournalPublisher
    clock: Clock
    announcer: Announcer
    random_bytes: Callable[[int], bytes]
    _states: dict[SensorSpec, DebounceState] = field(factory=dict, init=False)

    def start_warm_up(self, sensor: SensorSpec) -> None:
        """Begin a sensor's warm-up now: its line has just been claimed."""
        self._states[sensor] = DebounceState(started_at_s=self.clock.monotonic_s())

    def step(self, timeout_s: float) -> None:
        """Wait for one edge and deal with it; publish what waits."""
        if self.outflow.has_more:
            timeout_s = min(timeout_s, BACKLOG_STEP_S)
        edge = self.sensors.next_edge(timeout_s)
        if edge is not None:
            self._judge(edge)
        self.outflow.pump()

    def _judge(self, edge: Edge) -> None:
        sensor = edge.sensor
        policy = DebouncePolicy(min_interval_s=sensor.min_interval_s, warm_up_s=sensor.warm_up_s)
        state = self._states.get(sensor) or DebounceState(started_at_s=edge.at_s)
        self._states[sensor], verdict = judge_edge(
            policy, state, active=edge.active, at_s=edge.at_s
        )
        if verdict is Verdict.ACCEPTED:
            self._publish(self._event_of(edge), sensor)
        elif verdict is not Verdict.RELEASED:
            self.announcer.announce(
                EdgeIgnored(service=self.service, sensor_name=sensor.name, verdict=verdict)
            )

    def _event_of(self, edge: Edge) -> SensorEvent:
        age = timedelta(seconds=max(0.0, self.clock.monotonic_s() - edge.at_s))
        occurred_at_utc = self.clock.now_utc() - age
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
