"""The composition root: what a restarted loop finds."""

import threading
from pathlib import Path
from typing import Any

import attrs

from apps.edge import config
from apps.edge.services import EdgeServices
from surveil_adapters.sqlite import SqliteEventStore
from surveil_core.notices import CameraReady, ClipStored
from surveil_core.ports.event_store import ReceivedEvent
from surveil_core.ports.recorder import Trigger
from surveil_core.vocabulary import EventType
from tests.examples import MOTION_EVENT, RECEIVED_AT_UTC
from tests.fakes.announcer import RecordingAnnouncer


def step_until(step: Any, announcer: RecordingAnnouncer, kind: type, count: int) -> None:
    """Step until `count` notices of a kind were told."""
    for _ in range(2000):
        if len(announcer.of(kind)) >= count:
            return
        step(0.1)
    raise AssertionError(f"{kind.__name__} was not told {count} times: {announcer.kinds()}")


def test_a_restarted_camera_loop_films_and_stores_again(tmp_path: Path) -> None:
    """Leaving and entering the camera's service twice stores a clip each time."""
    environment = {
        "SURVEIL_STORAGE__DATA_DIR": str(tmp_path),
        "SURVEIL_CAMERA__SOURCE": "synthetic",
        "SURVEIL_CAMERA__RESOLUTION": "320x240",
        "SURVEIL_RECORDING__DURATION_S": "0.5",
        "SURVEIL_RECORDING__PRE_ROLL_S": "0.2",
    }
    announcer = RecordingAnnouncer()
    services = EdgeServices(
        settings=config.load(None, environment), stop=threading.Event(), announcer=announcer
    )
    store = SqliteEventStore(services.database)
    for count in (1, 2):
        event_id = f"evt-{count}"
        event = attrs.evolve(MOTION_EVENT, event_id=event_id)
        received = ReceivedEvent(
            event=event, topic="sensor/motion", received_at_utc=RECEIVED_AT_UTC, to_film=True
        )
        with services.camera() as step:
            step_until(step, announcer, CameraReady, count)
            [stored] = store.add_events([received])
            services.filming.trigger(
                Trigger(
                    event_row_id=stored.row_id,
                    event_id=event_id,
                    event_type=EventType.MOTION_DETECTED,
                    at_s=services.clock.monotonic_s(),
                )
            )
            step_until(step, announcer, ClipStored, count)
    store.close()
    assert [n.event_id for n in announcer.of(ClipStored)] == ["evt-1", "evt-2"]
