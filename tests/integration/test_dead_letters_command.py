"""`dead-letters` and `counters`, typed beside the running services."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.examples import SENSOR_DOCUMENT
from tests.rig.backends import MockBackend
from tests.rig.brokers import Address, free_port
from tests.rig.bystander import Bystander
from tests.rig.programs import program
from tests.waiting import wait_for

BAD = b'{"event_id": "evt-1", "oops": "\xc3\xa9"}'


@pytest.fixture
def settings(
    broker: Address, mock_backend: MockBackend, device_id: str, data_dir: Path
) -> Iterator[Mapping[str, Any]]:
    """A running edge without a camera, and what its commands must be told."""
    settings = {
        "LANGUAGE": "en",
        "DEVICE__ID": device_id,
        "MQTT__HOST": broker.host,
        "MQTT__PORT": broker.port,
        "BRIDGE__BACKEND_URL": mock_backend.events_url,
        "CAMERA__SOURCE": "v4l2:/dev/video-that-is-not-there",
        "STORAGE__DATA_DIR": data_dir,
        "WEB__PORT": free_port(),
    }
    with program("apps.edge", "run", "bridge", "surveillance", "web", settings=settings) as edge:
        wait_for("all subscriptions", lambda: edge.output.count("Subscribed to the topics") == 3)
        yield settings
        assert edge.stop() == 0, edge.output


def command(settings: Mapping[str, Any], *arguments: str) -> tuple[int, str]:
    """Type a command; returns its exit code and what it printed."""
    with program("apps.edge", *arguments, settings=settings) as running:
        code = running.process.wait(30)
    return code, running.output


def letters(settings: Mapping[str, Any]) -> list[str]:
    """Name what `dead-letters` lists."""
    _, output = command(settings, "dead-letters")
    return [line.split()[0] for line in output.splitlines()]


def counted(text: str) -> dict[str, float]:
    """Read Prometheus' text form."""
    found = re.findall(r"^surveil_outbox_(\w+?)(?:_total)? ([0-9.e+]+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def test_bad_message_can_be_shown_and_discarded(
    settings: Mapping[str, Any], bystander: Bystander
) -> None:
    """Each service that refused it keeps it, with its bytes and the reason."""
    bystander.publish(BAD)
    wait_for("both keep it", lambda: letters(settings) == ["bridge-1", "surveillance-1"])
    code, output = command(settings, "dead-letters", "show", "bridge-1")
    shown = json.loads(output.removeprefix("bridge-1: "))
    assert (code, shown["topic"], shown["payload_bytes"]) == (0, "sensor/motion", len(BAD))
    assert shown["payload"] == BAD.decode()
    assert "'device_id' is missing" in shown["reason"]
    code, output = command(settings, "dead-letters", "replay", "bridge-1")
    assert code == 1
    assert "'device_id' is missing" in output
    assert command(settings, "dead-letters", "discard", "all") == (
        0,
        "bridge-1: discarded\nsurveillance-1: discarded",
    )
    assert letters(settings) == []


def test_refused_event_is_delivered_by_a_replay(
    settings: Mapping[str, Any], bystander: Bystander, mock_backend: MockBackend, device_id: str
) -> None:
    """The running bridge takes it up once the backend is mended."""
    mock_backend.behave(status=400, text="unknown device")
    bystander.publish(json.dumps(SENSOR_DOCUMENT | {"device_id": device_id}).encode())
    wait_for("it is refused", lambda: letters(settings) == ["bridge-1"])
    _, output = command(settings, "dead-letters", "list")
    assert "HTTP 400" in output
    assert "unknown device" in output
    mock_backend.behave(status=201)
    assert command(settings, "dead-letters", "replay", "bridge-1") == (0, "bridge-1: replayed")
    wait_for("it is delivered", lambda: len(mock_backend.requests()) == 2)
    assert letters(settings) == []


def test_counters_add_up_and_are_served(
    settings: Mapping[str, Any], bystander: Bystander, device_id: str
) -> None:
    """The command prints what `/metrics` serves."""
    bystander.publish(BAD)
    for number in range(3):
        document = SENSOR_DOCUMENT | {"device_id": device_id, "event_id": f"evt-{number}"}
        bystander.publish(json.dumps(document).encode())

    def look() -> dict[str, float]:
        return counted(command(settings, "counters")[1])

    wait_for("three are delivered", lambda: look().get("delivered") == 3)
    counters = look()
    assert counters["received"] == 4
    assert counters["received"] == sum(
        counters[name] for name in ("delivered", "waiting", "dead", "refused")
    )
    answer = requests.get(f"http://127.0.0.1:{settings['WEB__PORT']}/metrics", timeout=5)
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert counted(answer.text) == counters


def test_counters_of_a_damaged_journal_are_named_beside_the_others(
    settings: Mapping[str, Any], data_dir: Path
) -> None:
    """The page serves what there is; the command prints it too, with the reason, and fails."""
    damaged = data_dir / "journal" / "sensor-motion.db"
    damaged.parent.mkdir()
    damaged.write_bytes(b"no database" * 1000)
    answer = requests.get(f"http://127.0.0.1:{settings['WEB__PORT']}/metrics", timeout=5)
    assert answer.status_code == 200
    assert counted(answer.text)["received"] == 0
    assert f'surveil_file_readable{{file="{damaged}"}} 0.0' in answer.text
    code, output = command(settings, "counters")
    assert (code, counted(output)) == (1, counted(answer.text))
    assert f"{damaged}: file is not a database: the file is no SQLite database" in output


def test_letters_must_be_named(settings: Mapping[str, Any]) -> None:
    """A mistake does nothing, and says what to type."""
    code, output = command(settings, "dead-letters", "discard")
    assert (code, "such as bridge-3, or all" in output) == (2, True)
    code, output = command(settings, "dead-letters", "show", "brigde-1")
    assert (code, "expected bridge-NUMBER or surveillance-NUMBER" in output) == (2, True)
    code, output = command(settings, "dead-letters", "show", "bridge-99")
    assert (code, "there is no letter 99" in output) == (1, True)
