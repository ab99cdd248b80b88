"""A week's outage of the backend: 10,000 events wait."""

import pytest

from tests.integration.faults.ledger import Leeway, counters_of
from tests.integration.faults.plant import Plant
from tests.waiting import wait_for

pytestmark = pytest.mark.faults

WAITING = 10_000
SINGLY = 1500
RUN_EVENTS = 500
"""What a killed bridge had out for one device at most: the bulk limit."""


def test_ten_thousand_events_wait(plant: Plant) -> None:
    """Drained in order: singly, then in bulk once offered, and past a death of the bridge.

    With every other seed the outbox's quota is too small, and the rest waits with the broker.
    """
    is_quota_reached = plant.rng.random() < 0.5
    quota_bytes = (1 if is_quota_reached else 256) * 1024 * 1024
    plant.backend.behave(is_listening=False)
    plant.add("bridge", OUTBOX__MAX_BYTES=quota_bytes)
    devices = plant.devices(7)
    with plant.client() as client:
        client.publish_events(WAITING, devices)
        wait_for("the outbox has its share", lambda: _has_its_share(plant), within_s=60)
        assert is_quota_reached == (counters_of(plant.outbox)["waiting"] < WAITING)
        plant.services["bridge"].kill()
        plant.backend.behave()
        plant.services["bridge"].start()
        _wait_for_stored(plant, min(WAITING, plant.count(SINGLY)))
        plant.backend.behave(bulk_limit=RUN_EVENTS, delay_s=0.05)
        wait_for("bulk", lambda: plant.backend.counts()["bulk_posts"] > 3, within_s=60)
        plant.services["bridge"].kill()
        plant.services["bridge"].start()
        client.publish_events(100, devices)
    plant.check(Leeway(repeated_posts=2 * len(devices) * RUN_EVENTS))
    state = plant.backend.state()
    assert state["posts"] < WAITING / 2, "most of it went in bulk"


def _has_its_share(plant: Plant) -> bool:
    waiting = counters_of(plant.outbox)["waiting"]
    return waiting == WAITING or bool(plant.services["bridge"].notices("outbox_full"))


def _wait_for_stored(plant: Plant, count: int) -> None:
    wait_for(
        f"{count} events are stored",
        lambda: plant.backend.counts()["stored"] >= count,
        within_s=120,
    )
