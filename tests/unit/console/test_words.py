"""Every notice has words in every language, and the spec's lines are as printed."""

import inspect
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import attrs
import pytest

from surveil_adapters.console import ConsoleAnnouncer, JsonAnnouncer
from surveil_adapters.console.console import MODULE_BY_LANGUAGE, snake_case, words_in
from surveil_core import notices
from surveil_core.debounce import Verdict

EVENT_ID = "evt-1737123456-abc123"


def notice_classes() -> Iterator[type[notices.Notice]]:
    for _, kind in inspect.getmembers(notices, inspect.isclass):
        if issubclass(kind, notices.Notice) and kind is not notices.Notice:
            yield kind


def sample(kind: type[notices.Notice]) -> notices.Notice:
    """Build a notice from its annotations."""
    values = {
        "str": "text",
        "int": 3,
        "float": 2.0,
        "bool": True,
        "tuple[str, ...]": ("a", "b"),
        "str | None": None,
        "Verdict": Verdict.TOO_SOON,
    }
    fields = {f.name: values[_name(f.type)] for f in attrs.fields(kind)}
    return kind(**fields | ({"kind": "motion"} if "kind" in fields else {}))


def _name(annotation: object) -> str:
    return (
        annotation.__name__ if annotation in (str, int, float, bool, Verdict) else str(annotation)
    )


@pytest.mark.parametrize("language", MODULE_BY_LANGUAGE)
@pytest.mark.parametrize("kind", list(notice_classes()), ids=lambda kind: kind.__name__)
def test_every_notice_has_words(language: str, kind: type[notices.Notice]) -> None:
    """No language lacks a notice, and no template fails on one."""
    assert words_in(language).render(sample(kind))


@pytest.mark.parametrize(
    ("notice", "expected"),
    [
        (
            notices.EventDetected(
                service="sensor-motion", kind="motion", event_id=EVENT_ID, gpio_pin=17
            ),
            "\n🚨 Mouvement détecté!\n   Event ID: evt-1737123456-abc123\n   GPIO Pin: 17",
        ),
        (
            notices.EventPublished(
                service="sensor-motion",
                event_id=EVENT_ID,
                topic="sensor/motion",
                min_interval_s=2.0,
            ),
            "📤 Message publié sur sensor/motion\n\n"
            "⏸️  En attente de 2.0s avant prochaine détection...",
        ),
        (
            notices.BrokerConnecting(service="bridge", host="mqtt-broker", port=1883, attempt=1),
            "\n🔌 Connexion au broker MQTT... (tentative 1/10)",
        ),
        (
            notices.BrokerConnecting(service="sensor-motion", host="b", port=1883, attempt=1),
            "\n🔌 Connexion au broker MQTT...",
        ),
        (
            notices.PostDelivered(service="bridge", status=201, event_id=EVENT_ID),
            "✅ Événement envoyé avec succès au backend\n   Status: 201",
        ),
        (
            notices.EventStored(service="surveillance", row_id=1, event_id=EVENT_ID),
            "✅ Événement enregistré (ID: 1)",
        ),
        (
            notices.ClipStored(
                service="surveillance", row_id=1, clip_bytes=2457600, event_id=EVENT_ID
            ),
            "✅ Vidéo enregistrée (ID: 1)\n   Taille: 2400.00 KB",
        ),
        (
            notices.CameraRejected(
                service="surveillance",
                source="libcamera-vid",
                reason="[Errno 2] No such file or directory: 'libcamera-vid'",
            ),
            "   ⚠️  libcamera-vid non disponible: "
            "[Errno 2] No such file or directory: 'libcamera-vid'",
        ),
        (
            notices.AlertEmitted(service="backend", alert_type="motion_detected", clients=3),
            "📤 WebSocket emit: motion_detected → 3 clients",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, notices.Notice) else "",
)
def test_the_specs_lines_are_as_printed(notice: notices.Notice, expected: str) -> None:
    """What flux-mqtt.md shows is what comes out, in French by default."""
    stream = io.StringIO()
    ConsoleAnnouncer(stream).announce(notice)
    assert stream.getvalue() == expected + "\n"


@pytest.mark.parametrize(
    ("pre_roll_s", "start_delay_s", "missing_s", "expected"),
    [
        (3.04, 0, 0, "(13.0s, dont 3.0s avant l'événement)"),
        (0, 1.34, 0, "(13.0s, commence 1.3s après l'événement)"),
        (
            3,
            0,
            4.5,
            "(13.0s, dont 3.0s avant l'événement, 4.5s manquent)",
        ),
    ],
)
def test_a_recording_says_where_it_begins_and_what_it_lacks(
    pre_roll_s: float, start_delay_s: float, missing_s: float, expected: str
) -> None:
    """Before its event, or after it where the camera had to be started; and gaps."""
    captured = notices.ClipCaptured(
        service="surveillance",
        source="ffmpeg",
        clip_bytes=2457600,
        duration_s=13,
        pre_roll_s=pre_roll_s,
        start_delay_s=start_delay_s,
        missing_s=missing_s,
    )
    assert f"✅ Enregistrement terminé {expected}\n" in words_in("fr").render(captured)


def test_the_banner_is_the_specs() -> None:
    """A box of 60 columns with the title in its middle."""
    stream = io.StringIO()
    ConsoleAnnouncer(stream).announce(
        notices.BridgeStarting(service="bridge", topics=("sensor/motion",), backend_url="http://b")
    )
    lines = stream.getvalue().splitlines()
    assert lines[0] == "╔════════════════════════════════════════════════════════════╗"
    assert lines[1] == "║                    MQTT → HTTP Bridge                      ║"
    assert lines[2] == "╚════════════════════════════════════════════════════════════╝"


def test_control_characters_of_a_peer_do_not_reach_the_terminal() -> None:
    """A backend's answer cannot forge lines or move the cursor."""
    stream = io.StringIO()
    ConsoleAnnouncer(stream).announce(
        notices.RequestRefused(service="backend", status=400, reason="a\x1b[2J\nforged line")
    )
    assert "\x1b" not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 2


def test_json_lines_have_stable_english_keys() -> None:
    """One object a line: time, event, service and the notice's own fields."""
    stream = io.StringIO()
    moment = datetime(2025, 1, 15, 14, 30, 45, tzinfo=UTC)
    announcer = JsonAnnouncer(stream, now_utc=lambda: moment)
    announcer.announce(
        notices.EdgeIgnored(
            service="sensor-motion", sensor_name="PIR Entrée", verdict=Verdict.TOO_SOON
        )
    )
    assert json.loads(stream.getvalue()) == {
        "time": "2025-01-15T14:30:45.000+00:00",
        "event": "edge_ignored",
        "service": "sensor-motion",
        "sensor_name": "PIR Entrée",
        "verdict": "too soon",
    }


def test_a_stream_that_is_gone_takes_nobody_down() -> None:
    """What cannot be said is counted."""
    stream = io.StringIO()
    announcer = ConsoleAnnouncer(stream)
    stream.close()
    announcer.announce(notices.ServiceStopped(service="bridge"))
    assert announcer.unsaid == 1


def test_names_become_snake_case() -> None:
    """The event key of a JSON line is the notice's class name."""
    assert snake_case("EventStored") == "event_stored"
