"""Networks that delay, stall and break, towards the broker and towards the backend."""

import pytest

from surveil_adapters.http.backend import MAX_RUNS
from tests.integration.faults.ledger import Leeway
from tests.integration.faults.load import in_background, pressing
from tests.integration.faults.plant import Plant
from tests.rig.brokers import Address
from tests.rig.proxy import Proxy, proxy_to

pytestmark = pytest.mark.faults

INCIDENTS = 6


def trouble(plant: Plant, proxy: Proxy) -> None:
    """Let some incidents happen, each of a random kind, then have a good network."""
    for _ in range(plant.count(INCIDENTS)):
        plant.pause(0.1, 1)
        incident = plant.rng.choice(["cut", "stall", "stall and cut", "delay", "refuse"])
        proxy.is_stalled = incident.startswith("stall")
        proxy.delay_s = plant.rng.uniform(0.01, 0.3) if incident == "delay" else 0.0
        proxy.is_refusing = incident == "refuse"
        plant.pause(0, 1)
        if incident in ("cut", "stall and cut", "refuse"):
            proxy.cut()
        plant.pause(0, 1 if incident == "refuse" else 0)
        proxy.is_stalled = proxy.is_refusing = False
    proxy.delay_s = 0.0


def test_a_bad_network_to_the_broker(plant: Plant) -> None:
    """Sensor, bridge and surveillance are cut off from the broker at random."""
    with proxy_to(plant.broker.address) as proxy:
        plant.add("sensor", "bridge", "surveillance", broker=proxy.address)
        events, devices = plant.count(600), plant.devices(5)
        with plant.client() as client:
            publish = in_background(
                lambda: client.publish_events(events, devices, per_s=150), lambda: None
            )
            with publish, pressing(plant.data_dir, per_s=40):
                trouble(plant, proxy)
        plant.check()
        plant.stop()


def test_a_bad_network_to_the_backend(plant: Plant) -> None:
    """Requests and answers are cut anywhere; the backend has each event once, in order."""
    with proxy_to(Address("127.0.0.1", plant.backend.event_port)) as proxy:
        url = f"http://127.0.0.1:{proxy.address.port}/api/events"
        plant.add("bridge", BRIDGE__BACKEND_URL=url)
        events, devices = plant.count(900), plant.devices(8)
        with plant.client() as client:
            publish = in_background(
                lambda: client.publish_events(events, devices, per_s=150), lambda: None
            )
            with publish:
                trouble(plant, proxy)
        # an answer that was cut on its way had been given: one a connection
        plant.check(Leeway(repeated_posts=plant.count(INCIDENTS) * MAX_RUNS))
        plant.stop()
