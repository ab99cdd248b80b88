"""What a person at a terminal meets: exit codes, words, the demo."""

import json
from pathlib import Path

import pytest
import requests

from tests.rig.programs import page_address, program


def run(module: str, *arguments: str, **settings: object) -> tuple[int, str]:
    """Run a program to its end."""
    with program(module, *arguments, settings=settings) as running:
        code = running.process.wait(30)
    return code, running.output


@pytest.mark.parametrize("module", ["apps.edge", "apps.backend"])
def test_a_wrong_key_is_named_with_its_nearest(module: str, tmp_path: Path) -> None:
    """Exit code 2, the key, and the right one."""
    file = tmp_path / "surveil.toml"
    file.write_text("[web]\nprot = 8080\n")
    code, output = run(module, "--config", str(file))
    assert code == 2
    assert "unknown setting 'web.prot'; did you mean 'port'?" in output


def test_a_wrong_camera_is_found_by_check() -> None:
    """`check` starts nothing and names what is allowed."""
    code, output = run("apps.edge", "check", CAMERA__SOURCE="webcam")
    assert code == 2
    assert "camera.source is 'webcam', expected one of auto, picamera2" in output


def test_check_agrees_with_the_defaults() -> None:
    """A configuration that is right ends with 0 and says so."""
    assert run("apps.edge", "check") == (0, "configuration: ok")


def test_a_wrong_service_is_wrong_usage() -> None:
    """An unknown word ends with 2 and lists the services."""
    code, output = run("apps.edge", "run", "bridgee")
    assert code == 2
    assert "surveillance" in output


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The user is told which setting to change; root meets it too."""
    file = tmp_path / "file"
    file.write_text("")
    code, output = run("apps.edge", "run", "bridge", STORAGE__DATA_DIR=file / "data")
    assert code == 2
    assert f"cannot make {file}/data/health: Not a directory" in output
    assert "SURVEIL_STORAGE__DATA_DIR" in output


def test_pressing_without_a_program_says_so(tmp_path: Path) -> None:
    """`press` needs a running program with simulated sensors."""
    code, output = run("apps.edge", "press", "motion", STORAGE__DATA_DIR=tmp_path)
    assert code == 1
    assert "no process with simulated sensors answers" in output


def test_json_lines_are_json(tmp_path: Path) -> None:
    """With log.format = "json" each line is an object with stable keys."""
    settings = {
        "LOG__FORMAT": "json",
        "STORAGE__DATA_DIR": tmp_path,
        "MQTT__PORT": 1,
        "GPIO__BACKEND": "simulated",
    }
    with program("apps.edge", "run", "sensor-button", settings=settings) as edge:
        edge.wait_for_text("broker_connection_failed")
        assert edge.stop() == 0
    documents = [json.loads(line) for line in edge.lines]
    assert {"time", "event", "service"} <= documents[0].keys()
    assert "sensor_starting" in {document["event"] for document in documents}


def test_the_demo_shows_a_motion_and_all_nine_boxes(tmp_path: Path) -> None:
    """No Pi, broker or camera: it says what is simulated, and a motion comes within 10 s."""
    settings = {
        "STORAGE__DATA_DIR": tmp_path,
        "RECORDING__DURATION_S": 2,
        "CAMERA__RESOLUTION": "640x360",
    }
    with program("apps.edge", "--demo", settings=settings) as edge:
        edge.wait_for_text("DÉMONSTRATION: broker embarqué, capteurs SIMULÉS", within_s=30)
        edge.wait_for_text("🚨 Mouvement détecté!", within_s=10)
        edge.wait_for_text("Checklist de Vérification", within_s=40)
        edge.wait_for_text("- [x] Les vidéos sont accessibles via l'API")
        assert edge.output.count("- [x]") == 9
        assert "<title>" in requests.get(page_address(edge), timeout=5).text
        assert edge.stop() == 0, edge.output


def test_a_recorded_trace_drives_the_sensors(tmp_path: Path) -> None:
    """A trace replaces the sensors: its edges are debounced at their recorded distances."""
    trace = tmp_path / "trace.csv"
    trace.write_text(
        "ts,sensor,kind,place,state\n"
        "2009-07-21T13:30:00,hall,motion,,ON\n2009-07-21T13:30:00.500,hall,motion,,OFF\n"
        "2009-07-21T13:30:01,hall,motion,,ON\n2009-07-21T13:30:01.500,hall,motion,,OFF\n"
        "2009-07-21T13:30:02,hall,motion,,ON\n2009-07-21T13:30:05,mat,pressure,,ON\n"
    )
    settings = {
        "STORAGE__DATA_DIR": tmp_path / "data",
        "MQTT__PORT": 1,
        "GPIO__BACKEND": "simulated",
        "GPIO__TRACE": trace,
        "GPIO__TRACE_SPEED": 4,
    }
    with program("apps.edge", "run", "sensor", settings=settings) as edge:
        edge.wait_for_text("Pression détectée!")
        assert edge.output.count("Mouvement détecté!") == 2
        assert edge.output.count("front ignoré sur hall: trop proche du précédent") == 1
        assert edge.stop() == 0


def test_a_trace_on_real_lines_is_refused(tmp_path: Path) -> None:
    """Nothing can press a real pin from a file."""
    code, output = run("apps.edge", "check", GPIO__TRACE=tmp_path / "trace.csv")
    assert code == 2
    assert "set gpio.backend = 'simulated'" in output
