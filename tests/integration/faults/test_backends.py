"""A backend with every ailment, under load, until it has recovered."""

import time
from typing import Any

import pytest

from tests.integration.faults.plant import Plant
from tests.waiting import wait_for

pytestmark = pytest.mark.faults

AILMENTS: dict[str, dict[str, Any]] = {
    "refuses connections": {"is_listening": False},
    "503": {"status": 503},
    "503 now and then": {"status": 503, "chance": 0.2},
    "429": {"status": 429, "retry_after_s": 1},
    "401": {"status": 401},
    "400 now and then": {"status": 400, "chance": 0.1},
    "cuts before storing": {"cut": "before", "chance": 0.2},
    "cuts after storing": {"cut": "after", "chance": 0.2},
    "cuts after storing always": {"cut": "after"},
    "50 ms": {"delay_s": 0.05},
    "200 ms": {"delay_s": 0.2},
}
SICK_S = 1.5
TIMEOUT_S = 10.0
"""How long the bridge waits for its first answer."""


@pytest.fixture
def bridge(plant: Plant) -> Plant:
    """A plant with a bridge alone."""
    plant.add("bridge")
    return plant


@pytest.mark.parametrize("ailment", AILMENTS)
def test_an_ailing_backend(bridge: Plant, ailment: str) -> None:
    """Each event is stored once and in order, or refused for good and a dead letter.

    With every other seed the backend takes events in bulk.
    """
    bulk_limit = bridge.rng.choice([None, 100])
    bridge.backend.behave(bulk_limit=bulk_limit, seed=bridge.rng.randrange(10**6))
    devices = bridge.devices(6)
    with bridge.client() as client:
        client.publish_events(bridge.count(60), devices, per_s=200)
        bridge.backend.behave(**AILMENTS[ailment])
        began_s = time.monotonic()
        client.publish_events(bridge.count(200), devices, per_s=200)
        bridge.pause(0, max(0.0, SICK_S * bridge.scale - (time.monotonic() - began_s)))
        bridge.backend.behave()
        client.publish_events(bridge.count(60), devices, per_s=200)
    bridge.check()


def test_what_a_backend_asks_for_is_honoured(bridge: Plant) -> None:
    """After a 429 with `Retry-After: 3`, nothing is sent for 3 s."""
    bridge.backend.behave(status=429, retry_after_s=3)
    with bridge.client() as client:
        client.publish_events(1, bridge.devices(1))
        wait_for("the 429 is out", lambda: bridge.backend.counts()["posts"] == 1)
        bridge.backend.behave()
        client.publish_events(bridge.count(50), bridge.devices(5))
    bridge.check()
    first_s, second_s = bridge.backend.state()["post_times_s"][:2]
    assert second_s - first_s >= 2.9


def test_a_silent_backend_holds_up_one_device(bridge: Plant) -> None:
    """It reads the event and is silent for longer than the bridge waits at first.

    Then it answers, or with every other seed hangs up. The events of other devices go
    through meanwhile; that device's come in order after it. With a scale of 2 or more, the
    silence is 30 s.
    """
    cut = bridge.rng.choice([None, "after"])
    slow, *others = bridge.devices(5)
    silence_s = 30.0 if bridge.scale >= 2 else TIMEOUT_S + 1
    bridge.backend.behave(devices=[slow], delay_s=silence_s, cut=cut)
    with bridge.client() as client:
        client.publish_events(1, [slow])
        client.publish_events(bridge.count(100), others)
        others_count = len(bridge.ledger.keys) - 1
        wait_for(
            "the others' are stored",
            lambda: sum(key[0] != slow for key in bridge.backend.state()["stored"]) == others_count,
            within_s=TIMEOUT_S,
        )
        client.publish_events(3, [slow])
        wait_for(
            "a second attempt",
            lambda: sum(s > TIMEOUT_S - 1 for s in _since_first(bridge)) > 0,
            within_s=3 * TIMEOUT_S,
        )
        bridge.backend.behave()  # what it has read already stays as slow as it was
    bridge.check()


def _since_first(plant: Plant) -> list[float]:
    times_s = plant.backend.state()["post_times_s"]
    return [at_s - times_s[0] for at_s in times_s]
