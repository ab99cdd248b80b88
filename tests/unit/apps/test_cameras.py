"""One camera or several: what may be configured, and who films what."""

from pathlib import Path

import pytest

from apps.edge.cameras import assign
from apps.edge.config import Camera, load
from apps.edge.filming import check_owners
from surveil_core.errors import ConfigurationError
from surveil_core.services.assigning import CameraAssignment

TWO_SENSORS = """
[[sensors]]
kind = "motion"
name = "PIR Entrée"
pin = 17
[[sensors]]
kind = "motion"
name = "PIR Jardin"
pin = 5
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "surveil.toml"
    file.write_text(TWO_SENSORS + text, encoding="utf-8")
    return file


def test_one_camera_is_the_only_one_of_the_list() -> None:
    """In the short form, by the file or by the environment."""
    [camera] = load(None, {"SURVEIL_CAMERA__SOURCE": "synthetic"}).cameras
    assert (camera.source, camera.name) == ("synthetic", "Caméra 1")


def test_several_cameras_have_settings_of_their_own(tmp_path: Path) -> None:
    """Each is called by its number unless it has a name."""
    text = """
[[cameras]]
source = "picamera2"
[[cameras]]
source = "rtsp://garden.lan/stream"
name = "Jardin"
mode = "on-demand"
sensors = ["PIR Jardin"]
[[cameras]]
source = "v4l2:/dev/video2"
sensors = []
"""
    settings = load(write(tmp_path, text), {"SURVEIL_CAMERAS__2__SENSORS__0": "PIR Entrée"})
    assert [camera.name for camera in settings.cameras] == ["Caméra 1", "Jardin", "Caméra 3"]
    assert [camera.mode for camera in settings.cameras] == ["standby", "on-demand", "standby"]
    assert [camera.sensors for camera in settings.cameras] == [(), ("PIR Jardin",), ("PIR Entrée",)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[camera]\nfps = 5\n[[cameras]]\nfps = 5", "[camera] and [[cameras]] are both given"),
        ("[[cameras]]\n[[cameras]]\nname = 'Caméra 1'", "name 'Caméra 1' is given to 2 cameras"),
        ("[[cameras]]\nsuorce = 'auto'", "'cameras.0.suorce'; did you mean 'source'?"),
    ],
)
def test_what_is_wrong_with_cameras_is_named(tmp_path: Path, text: str, expected: str) -> None:
    """When the file is read."""
    with pytest.raises(ConfigurationError) as caught:
        load(write(tmp_path, text), {})
    assert expected in str(caught.value)


def test_no_camera_at_all_is_refused(tmp_path: Path) -> None:
    """Who films nothing does not run the service."""
    file = tmp_path / "surveil.toml"
    file.write_text("cameras = []")
    with pytest.raises(ConfigurationError, match=r"expected at least one \[\[cameras\]\]"):
        load(file, {})


@pytest.mark.parametrize(
    ("names_by_camera", "expected"),
    [
        ([()], CameraAssignment()),
        ([(), ("PIR Jardin",)], CameraAssignment(camera_by_pin={5: 2})),
        ([("PIR Jardin",), ()], CameraAssignment(camera_by_pin={5: 1}, other=2)),
        (
            [("PIR Jardin",), ("PIR Entrée",)],
            CameraAssignment(camera_by_pin={5: 1, 17: 2}),
        ),
    ],
)
def test_each_sensor_has_one_camera(
    names_by_camera: list[tuple[str, ...]], expected: CameraAssignment, tmp_path: Path
) -> None:
    """By name; the camera that names none films the rest, or else the first."""
    assert assign(load(write(tmp_path, ""), {}).sensors, names_by_camera) == expected


@pytest.mark.parametrize(
    ("names_by_camera", "expected"),
    [
        ([("PIR Jardn",)], "no sensor is called 'PIR Jardn'; did you mean 'PIR Jardin'?"),
        ([("PIR Jardin",), ("PIR Jardin",)], "'PIR Jardin' is given to cameras 1 and 2"),
        ([(), ()], "cameras 1, 2 name no sensors"),
    ],
)
def test_an_assignment_that_cannot_be_is_refused(
    names_by_camera: list[tuple[str, ...]], expected: str, tmp_path: Path
) -> None:
    """A sensor that is not there, that has two cameras, or none in particular."""
    with pytest.raises(ConfigurationError) as caught:
        assign(load(write(tmp_path, ""), {}).sensors, names_by_camera)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("sources", "is_allowed"),
    [
        (["picamera2", "v4l2:/dev/video0", "rtsp://a/1", "rtsp://a/2"], True),
        (["synthetic", "synthetic", "file:/a.mp4", "file:/a.mp4"], True),
        (["v4l2:/dev/video0", "v4l2:/dev/video0"], False),
        (["auto", "v4l2:/dev/video0"], False),
        (["picamera2", "rpicam"], False),
        (["rtsp://ann:s3cr3t@a/1", "rtsp://ann:s3cr3t@a/1"], False),
    ],
)
def test_a_camera_has_one_owner(sources: list[str], is_allowed: bool) -> None:
    """Whatever name it goes by; passwords are not shown."""
    cameras = [Camera(source=source) for source in sources]
    if is_allowed:
        check_owners(cameras)
        return
    with pytest.raises(ConfigurationError, match="a camera has one owner") as caught:
        check_owners(cameras)
    assert "s3cr3t" not in str(caught.value)
