"""The broker dies under load, and comes back with what it had saved, or with nothing."""

import pytest

from surveil_core.services.dispatching import RUN_EVENTS
from tests.integration.faults.ledger import Leeway
from tests.integration.faults.load import pressing
from tests.integration.faults.plant import Plant
from tests.rig.proxy import proxy_to

pytestmark = pytest.mark.faults

SECOND_ROUND_S = 65.0
"""To a broker that forgot it, the sensor publishes its journal once more after 60 s."""


def test_a_broker_that_saves_is_killed(plant: Plant) -> None:
    """It forgets what came since its last save; the sensor's journal does not."""
    plant.add("sensor", "bridge", "surveillance")
    with pressing(plant.data_dir, per_s=40):
        for _ in range(plant.count(2)):
            plant.pause(0.5, 2)
            plant.broker.kill()
            plant.pause(0, 1.5)
            plant.broker.start()
        plant.pause(0.5, 2)
    plant.check()


def test_the_broker_and_our_programs_are_killed_in_turn(plant: Plant) -> None:
    """Whoever comes back finds others that have forgotten, or that have died meanwhile."""
    names = ("sensor", "bridge", "surveillance")
    plant.add(*names)
    every = ["broker", *names]
    victims = [*every, *plant.rng.choices(every, k=plant.count(4))]
    plant.rng.shuffle(victims)
    with pressing(plant.data_dir, per_s=40):
        for victim in victims:
            plant.pause(0.1, 1)
            killed = plant.broker if victim == "broker" else plant.services[victim]
            killed.kill()
            plant.pause(0, 0.5)
            killed.start()
        plant.pause(0.5, 2)
    plant.check(Leeway(repeated_posts=victims.count("bridge") * RUN_EVENTS))


@pytest.mark.parametrize("is_saving", [False])
def test_a_broker_that_saves_nothing_is_killed(plant: Plant, is_saving: bool) -> None:
    """It forgets its sessions too: consumers miss what comes before they are back.

    They have it when the sensor publishes anew, later than what came after it. With some
    seeds, or a scale of 2 or more, the consumers are surely too late the first time.
    """
    plant.add("sensor")
    are_late = (plant.scale >= 1 and plant.rng.random() < 0.4) or plant.scale >= 2
    with proxy_to(plant.broker.address) as proxy:
        plant.add("bridge", "surveillance", broker=proxy.address)
        with pressing(plant.data_dir, per_s=40):
            for _ in range(plant.count(2)):
                plant.pause(0.5, 2)
                proxy.is_refusing = are_late
                plant.broker.kill()
                proxy.cut()
                plant.pause(0, 1)
                plant.broker.start()
                plant.pause(0.5, 2)
        plant.pause(2.5, 3)
        proxy.is_refusing = False
        plant.check(Leeway(disorder=True), within_s=2 * SECOND_ROUND_S)
        plant.stop()
