"""The step that stores a clip, alone: `python -m bench.video.storing DATABASE VIDEO`.

A process of its own, so that `/proc/self/io` counts this step and nothing else. It stores the
file by the program's own adapters and prints what was counted, as JSON.
"""

import json
import os
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.delivery import procfs
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.media_store import SqliteMediaStore
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.events import EventType, SensorEvent
from surveil_core.ports.camera import Clip
from surveil_core.ports.event_store import ReceivedEvent
from surveil_core.video import VideoFormat


def _main(database_path: Path, video: Path) -> None:
    database = SurveillanceDb(path=database_path, sensors=())
    database.initialise()
    now_utc = datetime.now(UTC)
    event = SensorEvent(
        event_id="evt-1",
        device_id="bench",
        source="PIR",
        type=EventType.MOTION_DETECTED,
        occurred_at_utc=now_utc,
    )
    received = ReceivedEvent(
        event=event, topic="sensor/motion", received_at_utc=now_utc, to_film=True
    )
    clip = Clip(
        video_path=video,
        clip_bytes=video.stat().st_size,
        duration_s=10.0,
        pre_roll_s=3.0,
        started_at_utc=now_utc,
        format=VideoFormat(),
    )
    with (
        closing(SqliteEventStore(database)) as events,
        closing(SqliteMediaStore(database)) as store,
    ):
        [row] = events.add_events([received], ()).rows
        before = procfs.own_written(os.getpid())
        store.add_clip(clip, event_row_ids=[row.row_id])
        written = procfs.own_written(os.getpid()).since(before)
    answer = {
        "stored_bytes": clip.clip_bytes,
        "dirtied_bytes": written.dirtied_bytes,
        "net_bytes": written.net_bytes,
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
