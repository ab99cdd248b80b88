"""Several cameras with their recorders on one real database, each for a sensor of its own."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from attrs import evolve, field, frozen

from surveil_adapters.sqlite.clip_jobs import SqliteClipJobs
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.events import PinState, SensorEvent, SensorKind
from surveil_core.messages import build_sensor_message
from surveil_core.ports.camera import VideoSource
from surveil_core.ports.clock import Clock
from surveil_core.ports.recorder import Trigger
from surveil_core.recording import CameraMode, RecordingPolicy
from surveil_core.services.assigning import AssigningRecorder, CameraAssignment
from surveil_core.services.surveillance import SurveillanceService
from surveil_core.vocabulary import FACTS_BY_KIND
from tests.contracts.clip_jobs import film
from tests.examples import SENSORS, event_number
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.broker import FakeInbox
from tests.rig.recorder import Recorder

PINS = (17, 5, 6, 13)
"""Of the cameras' sensors, in the order of the cameras."""

_LINKED = """
    SELECT l.id_evenement, m.numero_camera FROM media_evenement l JOIN media m USING (id_media)
    ORDER BY l.id_evenement
"""


@frozen(kw_only=True)
class Site:
    """Motions are numbered from 1 on, as their rows are; the cameras take turns at them.

    One thread may let events happen while others film, each with one of `recorders`.
    """

    clock: Clock
    recorders: Sequence[Recorder]
    db: SurveillanceDb
    inbox: FakeInbox = field(factory=FakeInbox)
    announcer: RecordingAnnouncer = field(factory=RecordingAnnouncer)

    @property
    def assigning(self) -> AssigningRecorder:
        """What hands each trigger to the camera of its sensor."""
        numbered = list(enumerate(self.recorders, start=1))
        return AssigningRecorder(
            assignment=CameraAssignment(camera_by_pin={PINS[n - 1]: n for n, _ in numbered}),
            recorders={n: recorder.filming for n, recorder in numbered},
        )

    def recorder_of(self, number: int) -> Recorder:
        """Say who films an event."""
        return self.recorders[(number - 1) % len(self.recorders)]

    def event(self, number: int) -> SensorEvent:
        """Build an event."""
        pin = PINS[(number - 1) % len(self.recorders)]
        return evolve(event_number(number), data={"gpio_pin": pin, "state": PinState.HIGH})

    def store(self, *, events: int) -> None:
        """Store events that are to be filmed when they are fired, all in one transaction."""
        for recorder in self.recorders:
            recorder.step(0.01)  # now it no longer looks for what an earlier run owes
        received = [evolve(film(n), event=self.event(n)) for n in range(1, events + 1)]
        with closing(SqliteEventStore(self.db)) as store:
            store.add_events(received)

    def fire(self, number: int) -> None:
        """Let an event that is stored happen now."""
        event = self.event(number)
        self.assigning.trigger(
            Trigger(
                event_row_id=number,
                event_id=event.event_id,
                event_type=event.type,
                at_s=self.clock.monotonic_s(),
                gpio_pin=event.gpio_pin,
            )
        )

    @contextmanager
    def surveillance(self) -> Iterator[SurveillanceService]:
        """Give what stores the events of `inbox` and has them filmed."""
        with closing(SqliteEventStore(self.db)) as store:
            yield SurveillanceService(
                device_id=self.event(1).device_id,
                inbox=self.inbox,
                store=store,
                recorder=self.assigning,
                recorded_types=RecordingPolicy().recorded_types,
                clock=self.clock,
                announcer=self.announcer,
                random_unit=lambda: 0.0,
            )

    def publish(self, number: int, kind: SensorKind = SensorKind.MOTION) -> None:
        """Let an event come to `inbox` that happens now: a motion, or one that nobody films."""
        event = self.event(number) if kind is SensorKind.MOTION else event_number(number, kind)
        event = evolve(event, occurred_at_utc=self.clock.now_utc())
        self.inbox.put(FACTS_BY_KIND[kind].topic, build_sensor_message(event))

    def run(self, duration_s: float) -> None:
        """Film with all cameras for a while, on this thread."""
        until_s = self.clock.monotonic_s() + duration_s
        while self.clock.monotonic_s() < until_s:
            for recorder in self.recorders:
                recorder.step()

    def assert_rings_keep_within_bounds(self) -> None:
        """Each within its own."""
        for recorder in self.recorders:
            ring = recorder.filming.figures.ring
            assert 0 < ring.held_bytes <= ring.limit_bytes

    def assert_each_event_has_its_video(self, *, events: int) -> None:
        """Each is linked to one, of its own camera; none was given up, none is still to come."""
        cameras = len(self.recorders)
        with closing(self.db.connect()) as connection:
            linked = connection.execute(_LINKED).fetchall()
            jobs = connection.execute("SELECT count(*) FROM travail_clip").fetchone()
        assert linked == [(n, (n - 1) % cameras + 1) for n in range(1, events + 1)]
        assert jobs == (0,)


@contextmanager
def recording(
    clock: Clock,
    folder: Path,
    cameras: Sequence[tuple[VideoSource, int]],
    *,
    mode: CameraMode = CameraMode.STANDBY,
    policy: RecordingPolicy | None = None,
) -> Iterator[Site]:
    """Prepare a database, and recorders for cameras, whose rings may take so many bytes."""
    db = SurveillanceDb(path=folder / "surveillance.db", sensors=SENSORS)
    db.initialise()
    with ExitStack() as stack:
        recorders = []
        for number, (source, max_ring_bytes) in enumerate(cameras, start=1):
            media = stack.enter_context(closing(SqliteMediaStore(db)))
            recorder = Recorder(
                clock,
                folder,
                [source],
                mode,
                policy=policy or RecordingPolicy(),
                database=(media, SqliteClipJobs(db)),
                max_ring_bytes=max_ring_bytes,
                camera_number=number,
            )
            stack.callback(recorder.filming.close)
            recorders.append(recorder)
        yield Site(clock=clock, recorders=recorders, db=db)
