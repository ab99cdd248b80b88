"""The whole chain on real parts: one motion, and the spec's nine boxes."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import av
import pytest
import requests
from attrs import frozen

from surveil_core.messages import parse_browser_alert
from tests.rig.brokers import Address, free_port, listens
from tests.rig.listeners import Alerts, listening
from tests.rig.programs import Program, program
from tests.waiting import wait_for

RECORDING_S = 3
PRE_ROLL_S = 1


@frozen
class Chain:
    """Everything running, as a user would run it."""

    broker: Address
    edge: Program
    backend: Program
    edge_url: str
    backend_url: str
    data_dir: Path
    alerts: Alerts
    device_id: str


@pytest.fixture
def chain(broker: Address, device_id: str, data_dir: Path) -> Iterator[Chain]:
    """Backend, edge and a Socket.IO client, each a process or client of its own."""
    web_port, backend_port = free_port(), free_port()
    backend_url = f"http://127.0.0.1:{backend_port}"
    with ExitStack() as stack:
        backend = stack.enter_context(
            program(
                "apps.backend",
                settings={
                    "STORAGE__DATA_DIR": data_dir / "backend",
                    "WEB__PORT": backend_port,
                    "DEVICES__0__ID": device_id,
                    "DEVICES__0__LOCATION": "Entrée",
                },
            )
        )
        backend.wait_for_text("Server running on port")
        alerts = stack.enter_context(listening(backend_url))
        edge = stack.enter_context(
            program(
                "apps.edge",
                "run",
                settings={
                    "DEVICE__ID": device_id,
                    "MQTT__HOST": broker.host,
                    "MQTT__PORT": broker.port,
                    "BRIDGE__BACKEND_URL": f"{backend_url}/api/events",
                    "GPIO__BACKEND": "simulated",
                    "CAMERA__SOURCE": "synthetic",
                    "CAMERA__RESOLUTION": "640x360",
                    "RECORDING__DURATION_S": RECORDING_S,
                    "RECORDING__PRE_ROLL_S": PRE_ROLL_S,
                    "STORAGE__DATA_DIR": data_dir / "edge",
                    "WEB__PORT": web_port,
                },
            )
        )
        yield Chain(
            broker=broker,
            edge=edge,
            backend=backend,
            edge_url=f"http://127.0.0.1:{web_port}",
            backend_url=backend_url,
            data_dir=data_dir / "edge",
            alerts=alerts,
            device_id=device_id,
        )
        assert edge.stop() == 0, edge.output
        assert backend.stop() == 0, backend.output


def query(database: Path, sql: str) -> list[tuple[Any, ...]]:
    """Ask surveillance.db."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def test_the_nine_boxes_of_the_spec(chain: Chain) -> None:
    """A motion ends as a row, a playable video, a 201 and a Socket.IO message."""
    # 1. mqtt-broker démarre et écoute
    assert listens(chain.broker)
    for text in ("Abonné aux topics", "En attente de mouvement", "Caméra prête"):
        chain.edge.wait_for_text(text)
    wait_for("all subscriptions", lambda: chain.edge.output.count("Abonné aux topics") == 3)

    press(chain, "motion")

    # 2. sensor_motion se connecte au broker et publie sur sensor/motion
    chain.edge.wait_for_text("📤 Message publié sur sensor/motion")
    # 3. mqtt-bridge reçoit les messages et les envoie au backend
    chain.edge.wait_for_text("📨 Message reçu sur sensor/motion")
    # 4. Backend répond 201 Created à mqtt-bridge
    chain.edge.wait_for_text("   Status: 201")
    chain.backend.wait_for_text("📥 POST /api/events - 201")
    # 5. Backend émet les événements via WebSocket
    name, payload = chain.alerts.get(timeout=10)
    alert = parse_browser_alert(name, payload)
    assert (alert.type, alert.device_id) == ("motion_detected", chain.device_id)
    assert (alert.location, alert.source) == ("Entrée", "PIR")
    chain.backend.wait_for_text("📤 WebSocket emit: motion_detected → 1 clients")
    # 6. surveillance_service reçoit les messages MQTT
    chain.edge.wait_for_text("🚨 Événement reçu: MOTION_DETECTED")
    # 7. surveillance_service enregistre dans surveillance.db
    chain.edge.wait_for_text("✅ Événement enregistré (ID: 1)")
    database = chain.data_dir / "surveillance.db"
    assert query(database, "SELECT event_id, etat_capteur, id_capteur FROM evenement") == [
        (alert.event_id, 1, 1)
    ]
    # 8. surveillance_service capture des vidéos
    chain.edge.wait_for_text("✅ Vidéo enregistrée (ID: 1)", within_s=30)
    ((duration_s, resolution, codec, camera),) = query(
        database, "SELECT duree, resolution, codec, id_capteur FROM media"
    )
    assert (resolution, codec, camera) == ("640x360", "h264", 4)
    assert duration_s == pytest.approx(RECORDING_S + PRE_ROLL_S, abs=1.2)
    # 9. Les vidéos sont accessibles via l'API
    assert_video_is_served(chain, alert.event_id, duration_s)


def press(chain: Chain, name: str) -> None:
    """Press a simulated sensor from another process, as a user does."""
    settings = {"STORAGE__DATA_DIR": chain.data_dir}
    with program("apps.edge", "press", name, settings=settings) as pressing:
        assert pressing.process.wait(20) == 0, pressing.output


def assert_video_is_served(chain: Chain, event_id: str, duration_s: float) -> None:
    """The event leads to its video, which comes whole, in ranges, and decodes."""
    (media,) = requests.get(
        f"{chain.edge_url}/api/media", params={"event_id": event_id}, timeout=5
    ).json()["media"]
    url = f"{chain.edge_url}/api/media/{media['media_id']}/video"
    whole = requests.get(url, timeout=10)
    assert (whole.status_code, whole.headers["Content-Type"]) == (200, "video/mp4")
    part = requests.get(url, headers={"Range": "bytes=100-199"}, timeout=10)
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    video = chain.data_dir / "fetched.mp4"
    video.write_bytes(whole.content)
    with av.open(str(video)) as container:
        frames = sum(1 for _ in container.decode(video=0))
        assert container.duration is not None
        assert container.duration / av.time_base == pytest.approx(duration_s, abs=0.2)
    assert frames >= (RECORDING_S + PRE_ROLL_S) * 10


@pytest.mark.parametrize("kind", ["button", "pressure"])
def test_other_sensors_are_stored_and_not_filmed(chain: Chain, kind: str) -> None:
    """A button or a mat becomes a row and an alert of the spec's mapped type, and no video."""
    wait_for("all subscriptions", lambda: chain.edge.output.count("Abonné aux topics") == 3)
    press(chain, kind)
    name, payload = chain.alerts.get(timeout=10)
    assert name == "button_pressed"
    chain.edge.wait_for_text("✅ Événement enregistré (ID: 1)")
    assert "Démarrage enregistrement" not in chain.edge.output
    assert payload["details"]["source"] == kind.upper()
