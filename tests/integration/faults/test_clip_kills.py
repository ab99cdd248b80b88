"""kill -9 of the surveillance program at random instants of filming, storing and starting."""

import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sqlite_files import query
from tests.integration.test_clip_survival import (
    READY,
    database,
    move,
    place,
    play,
    settings,
    spool_files,
    videos,
)
from tests.rig.programs import program
from tests.waiting import wait_for

pytestmark = pytest.mark.faults

__all__ = ["place", "settings"]  # the fixtures

KILLS = 8


def test_every_event_keeps_its_clip(
    settings: Mapping[str, Any], tmp_path: Path, rng: random.Random
) -> None:
    """After all kills each event has one video that plays, or its reason; nothing is left over.

    Each life stores videos elsewhere than the one before.
    """
    quick = {**settings, "RECORDING__DURATION_S": 2}
    # of another device, whose clock is not ours: what comes late after a kill is filmed too
    elsewhere = {**quick, "DEVICE__ID": f"{quick['DEVICE__ID']}-b"}
    events: list[str] = []
    for number in range(KILLS):
        quick["STORAGE__VIDEOS"] = ("files", "database")[number % 2]
        with program("apps.edge", "run", "surveillance", settings=quick) as running:
            running.wait_for_text(READY)
            deadline_s = time.monotonic() + rng.uniform(0.2, 6)
            while time.monotonic() < deadline_s:
                events.append(f"evt-{number}-{len(events)}")
                move(elsewhere, events[-1])
                time.sleep(rng.uniform(0.1, 2.5))
            running.process.kill()
    with program("apps.edge", "run", "surveillance", settings=quick) as running:
        running.wait_for_text(READY)
        wait_for(
            "no open job, an empty spool",
            lambda: (
                query(database(quick), "SELECT count(*) FROM evenement") == [(len(events),)]
                and not query(
                    database(quick), "SELECT 1 FROM travail_clip WHERE raison_abandon IS NULL"
                )
                and not spool_files(quick)
            ),
            within_s=60,
        )
        assert running.stop() == 0
    found = videos(quick, tmp_path)
    reasons = query(
        database(quick), "SELECT event_id, raison_abandon FROM travail_clip NATURAL JOIN evenement"
    )
    assert sorted([*found, *(event_id for event_id, _ in reasons)]) == sorted(events)
    assert len(found) > len(events) / 2, reasons
    for path, duration_s, _ in found.values():
        frames, length_s = play(path)
        assert length_s == pytest.approx(duration_s, abs=0.2)
        assert frames >= 1
    files = {path.name for path in database(quick).parent.glob("videos/*")}
    assert files == {name for (name,) in query(database(quick), "SELECT nom FROM fichier_media")}
    assert not query(database(quick), "SELECT nom FROM fichier_media WHERE id_media IS NULL")
    assert query(database(quick), "PRAGMA integrity_check") == [("ok",)]
