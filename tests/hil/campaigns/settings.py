"""What the edge is told in a campaign, and the hand's score."""

from pathlib import Path

from tests.rig.brokers import Address

FPS, PRE_ROLL_S, DURATION_S = 10, 1, 5

THREE_SENSORS = """
[[sensors]]
kind = "motion"
pin = 17

[[sensors]]
kind = "button"
pin = 27
min_interval_s = 0.1

[[sensors]]
kind = "pressure"
pin = 22
pull = "down"
min_interval_s = 0.1
"""

_BUTTON, _MAT, _PIR = (27, True), (22, False), (17, False)
BUTTON_AND_MAT = (_BUTTON, _MAT)
"""Pins, and whether each is high at rest."""

ROUND = ((0.3, *_PIR), *(((0.3, *_BUTTON), (0.3, *_MAT)) * 26))
"""Pauses in seconds after each press, its pin, and whether that is high at rest.

Over and over: a motion every 16 s, and three other events a second, so that some are on their way
when the power goes. It films two fifths of the time. With twice the presses and twice the films,
the emulated processor has no time left in which to make a video.
"""


def configuration(
    *,
    broker: Address,
    cloud_port: int,
    data_dir: Path,
    cloud_host: str = "127.0.0.1",
    sensors: str = THREE_SENSORS,
    camera_mode: str = "standby",
) -> str:
    """Write the edge's configuration (TOML)."""
    return f"""
[mqtt]
host = "{broker.host}"
port = {broker.port}

[bridge]
backend_url = "http://{cloud_host}:{cloud_port}/api/events"
{sensors}
[camera]
source = "v4l2:/dev/video0"
resolution = "320x180"
fps = {FPS}
mode = "{camera_mode}"

[recording]
pre_roll_s = {PRE_ROLL_S}
duration_s = {DURATION_S}
max_duration_s = 10

[storage]
data_dir = "{data_dir}"

[web]
port = 0
"""
