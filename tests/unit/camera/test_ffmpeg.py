"""What ffmpeg is asked for, where CI has no camera that would show it."""

from itertools import pairwise
from pathlib import Path

import pytest

from surveil_adapters.camera.ffmpeg import rtsp_command, v4l2_command
from surveil_core.video import VideoFormat


@pytest.mark.parametrize("resolution", ["1280x720", "640x480"])
def test_a_usb_camera_is_asked_for_the_size_of_the_settings(resolution: str) -> None:
    """A driver takes any size and gives the nearest it has, so nobody would be told."""
    command = v4l2_command(Path("/dev/video0"), VideoFormat.parse(resolution, fps=15))
    options = dict(pairwise(command.arguments))
    assert (options["-video_size"], options["-framerate"]) == (resolution, "15")


def test_a_network_camera_is_asked_for_pictures_only() -> None:
    """Many announce a sound that is switched off: ffmpeg would wait 5 s for it at each start."""
    options = dict(pairwise(rtsp_command("rtsp://camera.lan/stream1").arguments))
    assert options["-allowed_media_types"] == "video"
