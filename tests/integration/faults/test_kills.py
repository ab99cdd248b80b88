"""kill -9 of each of our programs, and of all, at random instants under load."""

import pytest

from tests.integration.faults.ledger import Leeway
from tests.integration.faults.load import in_background, pressing
from tests.integration.faults.plant import Plant

pytestmark = pytest.mark.faults

PER_S = 3000
"""So much that a consumer has always a group in hand, which is when dying is dangerous."""

KILLS = 4
BULK_EVENTS = 200


@pytest.mark.parametrize("victim", ["sensor", "bridge", "surveillance", "each"])
def test_a_program_killed_under_load(plant: Plant, victim: str) -> None:
    """What was accepted before, while and after programs died arrives once, in order."""
    plant.add("sensor", "bridge", "surveillance")
    kills = plant.count(KILLS + 2 if victim == "each" else KILLS)
    victims = [victim] * kills
    if victim == "each":
        victims = [plant.rng.choice(["sensor", "bridge", "surveillance"]) for _ in range(kills)]
    devices = plant.devices(8)
    events = plant.count(6000)
    plant.backend.behave(bulk_limit=plant.rng.choice([None, BULK_EVENTS]))
    with plant.client() as client:
        publish = in_background(
            lambda: client.publish_events(events, devices, per_s=PER_S), lambda: None
        )
        with pressing(plant.data_dir, per_s=30), publish:
            for name in victims:
                plant.pause(0, plant.rng.choice([0.03, 0.1, 0.5]))
                plant.services[name].kill()
                plant.services[name].start()
            plant.pause(0.5, 1)
    bridge_kills = victims.count("bridge")
    plant.check(
        Leeway(
            repeated_letters=True,
            repeated_posts=bridge_kills * BULK_EVENTS * (len(devices) + 1),
        )
    )
