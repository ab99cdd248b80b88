"""The setting `camera.source` as a list of cameras."""

import pytest

from surveil_adapters.camera import candidates_for
from surveil_core.errors import ConfigurationError
from surveil_core.video import VideoFormat
from tests.fakes.clock import FakeClock


@pytest.mark.parametrize(
    ("source", "names", "simulated"),
    [
        ("auto", ["picamera2", "rpicam-vid", "libcamera-vid", "ffmpeg"], False),
        ("picamera2", ["picamera2"], False),
        ("rpicam", ["rpicam-vid", "libcamera-vid"], False),
        ("v4l2:/dev/video0", ["ffmpeg"], False),
        ("rtsp://user:secret@camera.lan/stream1?key=k", ["ffmpeg"], False),
        ("file:/videos/street.mp4", ["ffmpeg"], True),
        ("synthetic", ["ffmpeg"], True),
    ],
)
def test_each_form_names_its_candidates(source: str, names: list[str], simulated: bool) -> None:
    """The order is the spec's, and what shows no real place says so."""
    candidates = candidates_for(source, VideoFormat(), FakeClock())
    assert [candidate.name for candidate in candidates] == names
    assert {candidate.simulated for candidate in candidates} == {simulated}


@pytest.mark.parametrize("source", ["", "Auto", "v4l2:", "v4l2:video0", "file:", "rtsp://", "x:y"])
def test_anything_else_is_refused_with_what_is_allowed(source: str) -> None:
    """The text names the value and every form."""
    with pytest.raises(ConfigurationError, match=r"camera\.source is .*expected one of auto, pica"):
        candidates_for(source, VideoFormat(), FakeClock())


@pytest.mark.parametrize("source", ["rtmp://ann:s3cr3t@cam/x", "rtsp://ann:s3cr3t@/x?k=s3cr3t"])
def test_a_refusal_shows_no_password(source: str) -> None:
    """Errors end in logs, and logs are shown around."""
    with pytest.raises(ConfigurationError) as caught:
        candidates_for(source, VideoFormat(), FakeClock())
    assert "s3cr3t" not in str(caught.value)
