"""Poison between good messages: each ends as a dead letter with its reason."""

from collections.abc import Callable

import pytest

from tests.examples import SHARED_DATA
from tests.integration.faults.ledger import Leeway
from tests.integration.faults.load import BUTTON, in_background
from tests.integration.faults.plant import Plant

pytestmark = pytest.mark.faults

BAD_DOCUMENTS = SHARED_DATA / "bad" / "jsontestsuite" / "test_parsing"
OURS = [
    b"",
    b"\x00",
    b"[]",
    b"{}",
    b'{"event_id": "evt-1"}',
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    b"x" * 100_000,
]


@pytest.mark.parametrize("kills", [0, 2], ids=["all alive", "killed"])
def test_poison_between_good_messages(
    plant: Plant, kills: int, record_property: Callable[[str, object], None]
) -> None:
    """The good ones arrive in order; the bad ones are kept as they came, once a consumer."""
    recorded = [path.read_bytes() for path in sorted(BAD_DOCUMENTS.glob("*.json"))]
    record_property("recorded_documents", len(recorded))
    poison = OURS + recorded
    plant.rng.shuffle(poison)
    plant.add("bridge", "surveillance")
    devices = plant.devices(5)
    with plant.client() as client:

        def publish() -> None:
            for payload in poison:
                client.publish_events(plant.rng.randrange(4), devices)
                client.publish_refused(BUTTON.topic, payload)
            client.publish_events(10, devices)

        with in_background(publish, lambda: None):
            for _ in range(kills):
                plant.pause(0, 0.5)
                for name in ("bridge", "surveillance"):
                    plant.services[name].kill()
                    plant.services[name].start()
    plant.check(Leeway(repeated_letters=kills > 0, repeated_posts=kills * 50 * len(devices)))
