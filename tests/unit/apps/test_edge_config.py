"""The Pi's settings: defaults others rely on, the environment, and words for what is wrong."""

from pathlib import Path

import pytest

from apps.edge.config import load
from surveil_core.errors import ConfigurationError
from surveil_core.events import SensorKind


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "surveil.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_defaults_are_those_of_the_contract() -> None:
    """Without a file, the names and values of DESIGN, section 4, hold."""
    settings = load(None, {})
    assert settings.language == "fr"
    assert (settings.device.id, settings.device.location) == ("raspberry-1", "Entrée")
    assert settings.bridge.backend_url == "http://backend:8000/api/events"
    assert settings.camera.format.resolution == "1280x720"
    assert (settings.camera.fps, settings.camera.mode) == (15, "standby")
    assert settings.recording.policy.duration_s == 10
    assert settings.storage.database == Path("/data/surveillance.db")
    assert settings.storage.videos == "database"
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8080)
    assert [(s.kind, s.pin) for s in settings.sensors] == [
        (SensorKind.MOTION, 17),
        (SensorKind.BUTTON, 27),
        (SensorKind.PRESSURE, 22),
    ]


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """SURVEIL_<SECTION>__<KEY> replaces what the file says; list items go by index."""
    file = write(tmp_path, "[web]\nport = 1\n[[sensors]]\nkind = 'motion'\n")
    settings = load(
        file,
        {"SURVEIL_WEB__PORT": "9090", "SURVEIL_SENSORS__0__PIN": "4", "SURVEIL_TEST_BROKER": "y"},
    )
    assert settings.web.port == 9090
    assert [s.pin for s in settings.sensors] == [4]


@pytest.mark.parametrize(
    ("host", "allow", "takes_pins"),
    [
        ("127.0.0.1", "false", True),
        ("127.0.1.1", "false", True),
        ("::1", "false", True),
        ("localhost", "false", True),
        ("0.0.0.0", "false", False),
        ("::", "false", False),
        ("192.168.1.5", "false", False),
        ("pi.local", "false", False),
        ("", "false", False),
        ("0.0.0.0", "true", True),
    ],
)
def test_beyond_loopback_nothing_is_written_unless_allowed(
    host: str, allow: str, takes_pins: bool
) -> None:
    """There is no log-in."""
    environment = {"SURVEIL_WEB__HOST": host, "SURVEIL_WEB__ALLOW_PINS": allow}
    assert load(None, environment).web.takes_pins is takes_pins


def test_a_button_to_ground_is_active_low() -> None:
    """A sensor pulled up fires on the falling edge unless told otherwise."""
    button = load(None, {}).sensors[1]
    assert (button.pull, button.active_high) == ("up", False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[web]\nprot = 1", "unknown setting 'web.prot'; did you mean 'port'?"),
        ("[storage]\nvideos = 'disk'", "storage.videos"),
        ("[wbe]\nport = 1", "unknown setting 'wbe'; did you mean 'web'?"),
        ("[[sensors]]\nkind = 'motion'\npinn = 4", "'sensors.0.pinn'; did you mean 'pin'?"),
        ("[[sensors]]\nkind = 'motoin'", "kind is 'motoin'; did you mean 'motion'?"),
        ("[[sensors]]\nkind = 'motion'\npin = 99", "sensors[0]: 'pin' must be <= 57: 99"),
        ("[[sensors]]\nkind = 'motion'\nactive_high = 3", "expected true or false"),
        ("sensors = 'x'", "sensors is 'x', expected a list"),
        ("web = 3", "web is 3, expected a table"),
        ("[camera]\nresolution = 'big'", "resolution is 'big', expected such as '1280x720'"),
        ("[camera]\nmode = 'sometimes'", "mode"),
        ("[recording]\nduration_s = 500", "max_duration_s is 120, expected at least duration_s"),
        ("[bridge]\nbackend_url = 'ftp://x'", "backend_url"),
        ("[bridge]\nbackend_url = 'http://:80/'", "backend_url"),
        ("[[sensors]]\nkind = 'motion'\n[[sensors]]\nkind = 'motion'", "pin 17 is given to 2"),
        (
            "[[sensors]]\nkind = 'motion'\n[[sensors]]\nkind = 'motion'\npin = 4",
            "name 'PIR Entrée' is given to 2",
        ),
        ("[web", "is not TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, expected: str) -> None:
    """The setting, its value and what is allowed stand in the error."""
    with pytest.raises(ConfigurationError) as caught:
        load(write(tmp_path, text), {})
    assert expected in str(caught.value)


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    """A person corrects the file once, not once per fault."""
    with pytest.raises(ConfigurationError) as caught:
        load(write(tmp_path, "[web]\nport = 'x'\n[camera]\nfps = 'y'\n"), {})
    assert "web.port" in str(caught.value)
    assert "camera.fps" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The path and the reason stand in the error."""
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml: No such file"):
        load(tmp_path / "nowhere.toml", {})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SURVEIL_WEB_PORT", "did you mean 'SURVEIL_WEB__PORT'?"),
        ("SURVEIL_LANGAGE", "did you mean 'SURVEIL_LANGUAGE'?"),
        ("SURVEIL_WEB__PROT", "unknown setting 'web.prot'; did you mean 'port'?"),
    ],
)
def test_a_wrong_environment_name_is_not_ignored(name: str, expected: str) -> None:
    """A slip of the pen in a variable is named like one in the file."""
    with pytest.raises(ConfigurationError) as caught:
        load(None, {name: "9"})
    assert expected in str(caught.value)


def test_sensors_hang_where_their_device_is() -> None:
    """A sensor without a location of its own takes the device's."""
    sensors = load(None, {"SURVEIL_DEVICE__LOCATION": "Cave"}).sensors
    assert {sensor.location for sensor in sensors} == {"Cave"}
