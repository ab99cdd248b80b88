"""Bad messages and missing parts: each is said aloud, and nothing stops."""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from attrs import frozen

from tests.examples import SENSOR_DOCUMENT
from tests.rig.backends import MockBackend
from tests.rig.brokers import Address, NativeBroker
from tests.rig.bystander import TOPIC, Bystander
from tests.rig.programs import ROOT, Program, program
from tests.waiting import wait_for

BAD_DOCUMENTS = ROOT.parent / "shared/data/bad/jsontestsuite/test_parsing"
OURS = {
    "no JSON": b"hello",
    "no UTF-8": b'{"event_id": "\xff"}',
    "a list": b"[1]",
    "NaN": b'{"data": NaN}',
    "deep": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "a field is missing": b'{"event_id": "evt-1"}',
    "a wrong type": json.dumps(SENSOR_DOCUMENT | {"event_id": 5}).encode(),
    "an unknown event": json.dumps(SENSOR_DOCUMENT | {"type": "DOOR_OPENED"}).encode(),
    "larger than 64 KiB": json.dumps(SENSOR_DOCUMENT | {"pad": "x" * 65536}).encode(),
}


@frozen
class Site:
    """A running edge and what stands around it."""

    edge: Program
    backend: MockBackend
    data_dir: Path
    device_id: str


def publish_event(bystander: Bystander, device_id: str) -> str:
    """Publish a sound event of the device; returns its id."""
    event_id = f"evt-{secrets.token_hex(4)}"
    document = SENSOR_DOCUMENT | {"event_id": event_id, "device_id": device_id}
    bystander.publish(json.dumps(document).encode())
    return event_id


@pytest.fixture
def site(
    broker: Address, mock_backend: MockBackend, device_id: str, data_dir: Path
) -> Iterator[Site]:
    """Bridge and surveillance on one broker, with a camera that does not exist."""
    settings = {
        "DEVICE__ID": device_id,
        "MQTT__HOST": broker.host,
        "MQTT__PORT": broker.port,
        "BRIDGE__BACKEND_URL": mock_backend.events_url,
        "CAMERA__SOURCE": "v4l2:/dev/video-that-is-not-there",
        "STORAGE__DATA_DIR": data_dir,
    }
    with program("apps.edge", "run", "bridge", "surveillance", settings=settings) as edge:
        wait_for("both subscriptions", lambda: edge.output.count("Abonné aux topics") == 2)
        yield Site(edge, mock_backend, data_dir, device_id)
        assert edge.stop() == 0, edge.output


def stored_ids(data_dir: Path) -> list[str]:
    with closing(sqlite3.connect(data_dir / "surveillance.db")) as connection:
        rows = connection.execute("SELECT event_id FROM evenement ORDER BY id_evenement")
        return [event_id for (event_id,) in rows.fetchall()]


def assert_still_works(site: Site, bystander: Bystander) -> None:
    """A good event after the bad ones is stored and delivered."""
    event_id = publish_event(bystander, site.device_id)
    wait_for("it is stored", lambda: event_id in stored_ids(site.data_dir))
    wait_for(
        "it is delivered",
        lambda: any(r["body"]["details"]["event_id"] == event_id for r in site.backend.requests()),
    )
    assert site.edge.process.poll() is None


@pytest.mark.parametrize("payload", OURS.values(), ids=OURS.keys())
def test_a_bad_message_is_said_and_stops_nothing(
    site: Site, bystander: Bystander, payload: bytes
) -> None:
    """Both services name topic, size and reason, and take the next event."""
    bystander.publish(payload)
    said = f"⛔ Message refusé sur {TOPIC} ({len(payload)} octets)\n   Raison: "
    wait_for("both say it", lambda: site.edge.output.count(said) == 2)
    assert_still_works(site, bystander)


def test_none_of_318_odd_documents_stops_a_service(site: Site, bystander: Bystander) -> None:
    """The JSON test suite as payloads: all are refused, the event after them arrives."""
    if not BAD_DOCUMENTS.is_dir():
        pytest.skip(f"{BAD_DOCUMENTS.name}: the recorded documents are not on this machine")
    payloads = [file.read_bytes() for file in sorted(BAD_DOCUMENTS.iterdir())]
    assert len(payloads) == 318
    for payload in payloads:
        bystander.publish(payload)
    wait_for(
        "both refuse all",
        lambda: site.edge.output.count("Message refusé") == 2 * len(payloads),
        within_s=60,
    )
    assert_still_works(site, bystander)


def test_a_missing_camera_leaves_events_flowing(site: Site, bystander: Bystander) -> None:
    """No picture is said with its reason; the motion is a row and a delivery all the same."""
    site.edge.wait_for_text("❌ Caméra indisponible")
    assert "video-that-is-not-there" in site.edge.output
    assert_still_works(site, bystander)
    site.edge.wait_for_text("❌ Vidéo impossible pour evt-", within_s=60)


def test_an_event_that_comes_twice_is_stored_once(site: Site, bystander: Bystander) -> None:
    """The same device and event id is the same event."""
    document = json.dumps(SENSOR_DOCUMENT | {"device_id": site.device_id}).encode()
    bystander.publish(document)
    bystander.publish(document)
    wait_for("both say so", lambda: site.edge.output.count("répétitions ignorées: 1") == 2)
    assert stored_ids(site.data_dir) == [SENSOR_DOCUMENT["event_id"]]


def test_a_backend_that_is_down_loses_nothing(site: Site, bystander: Bystander) -> None:
    """What a 503 refuses is kept and delivered afterwards, in order."""
    site.backend.behave(status=503)
    event_ids = [publish_event(bystander, site.device_id) for _ in range(5)]
    site.edge.wait_for_text("est GARDÉ, nouvel essai dans")
    site.backend.behave(status=201)

    def delivered() -> list[str]:
        answered = [r for r in site.backend.requests() if r["status"] == 201]
        return [r["body"]["details"]["event_id"] for r in answered]

    wait_for("all five are delivered", lambda: len(delivered()) == 5, within_s=30)
    assert delivered() == event_ids
    assert "PERDU" not in site.edge.output


def test_odd_but_legal_ids_do_not_block_the_bridge(site: Site, bystander: Bystander) -> None:
    """An event whose device id a header would not take as it is goes through as well."""
    event_id = publish_event(bystander, f" {site.device_id} é ")
    wait_for(
        "it is delivered",
        lambda: any(r["body"]["details"]["event_id"] == event_id for r in site.backend.requests()),
    )
    assert_still_works(site, bystander)


def test_a_backend_that_hangs_does_not_hold_up_the_stop(site: Site, bystander: Bystander) -> None:
    """Asked to stop in the middle of a POST, the program ends in good order within 9 s."""
    site.backend.behave(delay_s=30)
    publish_event(bystander, site.device_id)
    site.edge.wait_for_text("Envoi HTTP POST")
    began_s = time.monotonic()
    assert site.edge.stop() == 0, site.edge.output
    assert time.monotonic() - began_s < 9
    assert "Service bridge arrêté" in site.edge.output


def test_a_refused_event_does_not_hold_up_the_others(site: Site, bystander: Bystander) -> None:
    """A 400 is said with its reason; the next event is delivered."""
    site.backend.behave(status=400)
    publish_event(bystander, site.device_id)
    site.edge.wait_for_text("refusé par le backend")
    site.backend.behave(status=201)
    assert_still_works(site, bystander)


def test_services_come_back_after_the_broker(
    tmp_path: Path, mock_backend: MockBackend, device_id: str
) -> None:
    """Started before their broker and through its restart, both services go on."""
    folder = tmp_path / "broker"
    folder.mkdir()
    native = NativeBroker(folder)
    settings = {
        "DEVICE__ID": device_id,
        "MQTT__PORT": native.port,
        "BRIDGE__BACKEND_URL": mock_backend.events_url,
        "CAMERA__SOURCE": "v4l2:/dev/video-that-is-not-there",
        "STORAGE__DATA_DIR": tmp_path / "data",
    }
    with (
        ExitStack() as stack,
        program("apps.edge", "run", "bridge", "surveillance", settings=settings) as edge,
    ):
        stack.callback(native.stop)
        edge.wait_for_text("tentative 2/10")
        native.start()
        wait_for("subscribed", lambda: edge.output.count("Abonné aux topics") == 2, within_s=30)
        native.kill()
        edge.wait_for_text("Connexion au broker perdue")
        native.start()
        wait_for("again", lambda: edge.output.count("Abonné aux topics") == 4, within_s=30)
        bystander = stack.enter_context(closing(Bystander(native.address)))
        assert_still_works(Site(edge, mock_backend, tmp_path / "data", device_id), bystander)
        assert edge.stop() == 0
