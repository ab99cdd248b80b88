"""Sessions at the broker that are not as they should be."""

import json
import threading
import time
from collections.abc import Sequence

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.examples import SENSOR_DOCUMENT
from tests.integration.faults.ledger import Leeway, letters_of
from tests.integration.faults.load import Client
from tests.integration.faults.plant import Plant, Service
from tests.waiting import wait_for

pytestmark = pytest.mark.faults

CONTEST_S = 15.0
CONNECTIONS_OF_EACH = 8
"""With pauses of 1, 2, 4, 8 and 16 s, shortened by half at most, and one at the start."""


def test_two_bridges_with_one_client_id(plant: Plant) -> None:
    """They throw each other out, but less and less often; nothing is lost or stored twice.

    With folders of their own, each has a part of a device's events, so the order is
    nobody's any more; with every other seed they share one folder and its outbox.
    """
    folder = plant.rng.choice(["data", "other"])
    plant.add("bridge")
    other_settings = dict(plant.services["bridge"].settings)
    other_settings["STORAGE__DATA_DIR"] = plant.folder / folder
    other = Service("bridge", other_settings)
    plant.services["other bridge"] = other
    contest_s = CONTEST_S * plant.scale
    began_s = time.monotonic()
    other.start()
    events = int(contest_s * 30)
    with plant.client() as client:
        client.publish_events(events, plant.devices(5), per_s=30)
        lasted_s = time.monotonic() - began_s
        connections = plant.broker.connections_of(plant.bridge_client_id)
        other.stop()
        counts = plant.backend.counts
        wait_for("all is stored", lambda: counts()["stored"] == events, within_s=90)
    assert connections <= 2 * CONNECTIONS_OF_EACH * max(1.0, lasted_s / 30)
    said = [one for name in plant.services for one in plant.services[name].notices()]
    assert any(one["event"] == "client_id_contested" for one in said)
    plant.check(Leeway(disorder=folder == "other", repeated_posts=events))


def test_a_subscription_that_is_no_longer_configured(plant: Plant) -> None:
    """What a session of old still brings ends as a dead letter and blocks nothing."""
    devices = plant.devices(3)
    old = paho.Client(
        CallbackAPIVersion.VERSION2, client_id=plant.bridge_client_id, clean_session=False
    )
    old.connect(plant.broker.address.host, plant.broker.address.port)
    old.loop_start()
    wait_for("connected", old.is_connected)
    answered = threading.Event()
    old.on_subscribe = lambda *_: answered.set()
    old.subscribe([("sensor/door", 1), ("cellar/#", 1), ("sensor/button", 1)])
    assert answered.wait(10)
    old.disconnect()
    old.loop_stop()
    payload = json.dumps(SENSOR_DOCUMENT).encode()
    topics = ["sensor/door", "cellar/light", "cellar/water/level"]
    with plant.client() as client:
        _mix(plant, client, devices, topics, payload)
        plant.add("bridge")
        _mix(plant, client, devices, ["cellar/light", "cellar/gas"], payload)
    plant.check()
    reasons = [reason for _, _, reason in letters_of(plant.outbox)]
    assert all("topic is" in reason for reason in reasons)


def _mix(
    plant: Plant, client: Client, devices: Sequence[str], topics: Sequence[str], payload: bytes
) -> None:
    """Publish good events and strange ones in turn."""
    for topic in list(topics) * plant.count(3):
        client.publish_events(plant.count(10), devices)
        client.publish_refused(topic, payload)
    client.publish_events(plant.count(10), devices)
